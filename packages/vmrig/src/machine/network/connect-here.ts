import { connect, type Socket } from "node:net";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Destination } from "../../ssh/tunnel.ts";
import { inWords } from "./target.ts";

/** Connects from this computer. @throws VmrigError `FORWARD_FAILED`; the signal's reason */
export function connectHere(to: Destination, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      "path" in to
        ? connect({ ...to, allowHalfOpen: true })
        : connect({ ...to, allowHalfOpen: true, noDelay: true });
    const giveUp = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const settle = (): void => {
      signal.removeEventListener("abort", giveUp);
      socket.removeListener("error", fail);
    };
    const fail = (error: NodeJS.ErrnoException): void => {
      settle();
      const why =
        error.code === "ECONNREFUSED"
          ? "connection refused"
          : error.code === "ENOENT"
            ? "the socket does not exist"
            : error.message;
      reject(
        new VmrigError("FORWARD_FAILED", {
          message: `This computer could not connect to ${inWords(to)}: ${why}.`,
          cause: error,
        }),
      );
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("error", fail);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}
