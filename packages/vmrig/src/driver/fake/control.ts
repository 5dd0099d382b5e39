import { connect, createServer, type Server, type Socket } from "node:net";
import { fromErrorJson, toErrorJson, type ErrorJson } from "../../errors/error-json.ts";
import { asVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { Fence, PublicKey, SnapshotName } from "../driver.ts";

/**
 * Command to a machine's process over its control channel: one JSON line as request, one as reply.
 */
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

type Reply = { readonly ok: ProcessStatus } | { readonly error: ErrorJson };

/**
 * Executes one command after another, so that no other command comes between the check of a fence
 * and the action.
 */
export function serveControl(
  path: string,
  execute: (command: FakeCommand) => Promise<ProcessStatus>,
): Server {
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    readLine(socket, (line) => {
      const mine = last.then(async () => await execute(JSON.parse(line) as FakeCommand));
      last = mine.catch(() => {});
      mine
        .then(
          (ok): Reply => ({ ok }),
          (error: unknown): Reply => ({ error: toErrorJson(asVmrigError(error)) }),
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
 * Result of {@link sendCommand} when the process of a machine is gone: no process listens on the
 * control channel, or the process was killed before it replied.
 */
export const NO_PROCESS = "no process listens";

const ANSWER_MS = 30_000;

/**
 * Sends one command and waits for the reply.
 *
 * @throws the error that the machine replied; the signal's reason when it aborts; VmrigError
 *   `MACHINE_UNREACHABLE` when no reply arrives
 */
export function sendCommand(
  path: string,
  command: FakeCommand,
  signal?: AbortSignal,
): Promise<ProcessStatus | typeof NO_PROCESS> {
  const deadline = AbortSignal.timeout(ANSWER_MS);
  const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const giveUp = (): void => {
      socket.destroy();
      if (signal?.aborted === true) reject(signal.reason);
      else
        reject(
          new VmrigError("MACHINE_UNREACHABLE", {
            message: `The machine behind ${path} did not reply to "${command.do}".`,
          }),
        );
    };
    if (stop.aborted) return giveUp();
    stop.addEventListener("abort", giveUp, { once: true });
    socket.on("connect", () => socket.write(`${JSON.stringify(command)}\n`));
    socket.on("error", () => {});
    // A running process replies before it closes the connection.
    socket.on("close", () => {
      stop.removeEventListener("abort", giveUp);
      resolve(NO_PROCESS);
    });
    readLine(socket, (line) => {
      const answer = JSON.parse(line) as Reply;
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
