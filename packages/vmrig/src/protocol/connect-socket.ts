import { connect, type Socket } from "node:net";
import { waitFor } from "../wait/wait-for.ts";

/**
 * Longest wait for the gate's socket. The gate starts while Vitest starts its workers, so a worker
 * may connect before the gate listens.
 */
const CONNECT_MS = 15_000;

/**
 * Connects to a gate's socket; waits until the gate listens.
 *
 * @throws VmrigError `GATE_LOST` when no gate listens in time
 */
export function connectSocket(path: string): Promise<Socket> {
  return waitFor({
    what: "the gate to listen",
    on: path,
    code: "GATE_LOST",
    timeoutMs: CONNECT_MS,
    intervalMs: 10,
    hint: "the lines above, marked vmrig, say why it did not start",
    probe: () => tryConnect(path),
  });
}

async function tryConnect(path: string): Promise<{ value: Socket } | { seen: string }> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve({ value: socket }));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ seen: error.code ?? error.message }),
    );
  });
}
