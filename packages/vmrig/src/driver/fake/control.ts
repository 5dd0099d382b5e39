import { connect, createServer, type Server, type Socket } from "node:net";
import { fromErrorJson, toErrorJson, type ErrorJson } from "../../errors/error-json.ts";
import { asVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { Fence, PublicKey, SnapshotName } from "../driver.ts";

/** What a machine's process is told over its control channel: one JSON line there, one back. */
export type FakeCommand =
  | { readonly do: "status" }
  | { readonly do: "admit"; readonly fence: Fence; readonly key: PublicKey }
  | { readonly do: "capture"; readonly fence: Fence; readonly snapshot: SnapshotName }
  | { readonly do: "freeze"; readonly fence: Fence }
  | { readonly do: "thaw"; readonly fence: Fence }
  | {
      readonly do: "restore";
      readonly fence: Fence;
      readonly snapshot: SnapshotName;
      readonly key: PublicKey;
    }
  | { readonly do: "park"; readonly fence: Fence };

export interface ProcessStatus {
  readonly pid: number;
  /** Port on 127.0.0.1 where SSH listens. */
  readonly sshPort: number;
  readonly paused: boolean;
}

type Answer = { readonly ok: ProcessStatus } | { readonly error: ErrorJson };

/** Carries out one order after another, so that a fence is checked and acted upon in one go. */
export function serveControl(
  path: string,
  obey: (order: FakeCommand) => Promise<ProcessStatus>,
): Server {
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    readLine(socket, (line) => {
      const mine = last.then(async () => await obey(JSON.parse(line) as FakeCommand));
      last = mine.catch(() => {});
      mine
        .then(
          (ok): Answer => ({ ok }),
          (error: unknown): Answer => ({ error: toErrorJson(asVmrigError(error)) }),
        )
        .then(
          (answer) => socket.end(`${JSON.stringify(answer)}\n`),
          () => {},
        );
    });
  });
  return server.listen(path);
}

/**
 * The process of a machine is gone: nobody listens on its control channel, or it was killed before
 * it answered.
 */
export const NOBODY = "nobody listens";

const ANSWER_MS = 30_000;

/**
 * Gives one order, and waits for the answer.
 *
 * @throws what the machine answered; the signal's reason when it aborts; VmrigError
 *   `MACHINE_UNREACHABLE` when no answer comes
 */
export function sendCommand(
  path: string,
  order: FakeCommand,
  signal?: AbortSignal,
): Promise<ProcessStatus | typeof NOBODY> {
  const deadline = AbortSignal.timeout(ANSWER_MS);
  const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const give = (): void => {
      socket.destroy();
      if (signal?.aborted === true) reject(signal.reason);
      else
        reject(
          new VmrigError("MACHINE_UNREACHABLE", {
            message: `The machine behind ${path} did not answer to "${order.do}".`,
          }),
        );
    };
    if (stop.aborted) return give();
    stop.addEventListener("abort", give, { once: true });
    socket.on("connect", () => socket.write(`${JSON.stringify(order)}\n`));
    socket.on("error", () => {});
    // A process that lives answers before it closes the connection.
    socket.on("close", () => {
      stop.removeEventListener("abort", give);
      resolve(NOBODY);
    });
    readLine(socket, (line) => {
      const answer = JSON.parse(line) as Answer;
      if ("ok" in answer) resolve(answer.ok);
      else reject(fromErrorJson(answer.error));
    });
  });
}

function readLine(socket: Socket, receive: (line: string) => void): void {
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const [line = "", ...rest] = (text += chunk).split("\n");
    if (rest.length === 0) return;
    socket.removeAllListeners("data");
    socket.resume();
    receive(line);
  });
}
