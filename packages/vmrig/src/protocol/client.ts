import { z } from "zod";
import { fromErrorJson, toErrorJson } from "../errors/error-json.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { inTime } from "../wait/in-time.ts";
import { connectSocket } from "./connect-socket.ts";
import { controlResult } from "./control-command.ts";
import type { GateClient } from "./gate-client.ts";
import { onJsonLine } from "./json-lines.ts";
import { createLossListeners } from "./loss-listeners.ts";
import { gateMessage, grant, welcome, type Notice, type PauseListener } from "./messages.ts";
import { createPendingRequests } from "./pending-requests.ts";

/** Longer than the gate's own limit for loading its config. */
const HELLO_MS = 90_000;

/**
 * Connects to the gate that serves `path`.
 *
 * @throws VmrigError `GATE_LOST` when no gate answers; every later call throws it once the gate is
 *   gone
 */
export async function connectGate(path: string): Promise<GateClient> {
  const socket = await connectSocket(path);
  const requests = createPendingRequests(socket);
  const losses = createLossListeners();
  const runEndListeners: Array<(reason: VmrigError) => void> = [];
  const pauseListeners: PauseListener[] = [];
  let gone: VmrigError | undefined;

  const notify = (message: Notice): void => {
    switch (message.notice) {
      case "lost":
        return losses.lose(message.claim, fromErrorJson(message.error));
      case "over": {
        const reason = fromErrorJson(message.error);
        return runEndListeners.forEach((listener) => listener(reason));
      }
      case "paused":
        return pauseListeners.forEach((listener) => listener.paused(message.pause));
      case "resumed":
        return pauseListeners.forEach((listener) => listener.resumed(message.claim));
    }
  };
  const end = (cause?: Error): void => {
    gone ??= new VmrigError("GATE_LOST", {
      message: "vmrig's background process (the gate) exited or closed the connection.",
      hint: "run again; the lines marked `vmrig` above say how it ended",
      ...(cause && { cause }),
    });
    requests.end(gone);
    losses.loseAll(gone);
  };
  onJsonLine(socket, (value) => {
    const message = gateMessage.parse(value);
    if ("notice" in message) notify(message);
    else requests.settle(message);
  });
  socket.on("error", end);
  socket.on("close", () => end());
  if (socket.closed) end();

  const { send } = requests;
  return {
    hello: async () => welcome.parse(await responsive(send({ do: "hello" }))),
    claim: async (rollback) => grant.parse(await send({ do: "claim", rollback })),
    rollBack: async (claim) => grant.parse(await send({ do: "rollback", claim })),
    async recover(claim, machines) {
      const unhealthy = machines.map(({ machine, error }) => ({
        machine,
        error: toErrorJson(error),
      }));
      return grant.parse(await send({ do: "recover", claim, unhealthy }));
    },
    console: async (claim, machine) =>
      z.string().parse(await send({ do: "console", claim, machine })),
    control: async (claim, command) =>
      controlResult.parse(await send({ do: "control", claim, command })),
    async release(claim, failed) {
      losses.remove(claim);
      await send({ do: "release", claim, failed });
    },
    async pause(claim, failure) {
      await send({ do: "pause", claim, failure });
    },
    async resume(claim) {
      await send({ do: "resume", claim });
    },
    onPause: (listener) => void pauseListeners.push(listener),
    async begin() {
      await responsive(send({ do: "begin" }));
    },
    async expect(claims) {
      await send({ do: "expect", claims });
    },
    onOver: (listener) => void runEndListeners.push(listener),
    onLost: (claim, listener) => losses.add(claim, listener),
    close: () => void socket.destroy(),
  };
}

/** Waits for a reply that the gate sends as soon as its config is loaded. */
function responsive<T>(reply: Promise<T>): Promise<T> {
  return inTime(reply, {
    timeoutMs: HELLO_MS,
    late: () =>
      new VmrigError("GATE_LOST", {
        message: `The gate accepted the connection but has not responded for ${HELLO_MS / 1000} s.`,
        hint: "code in the config keeps the gate's process busy: look for an endless loop",
      }),
  });
}
