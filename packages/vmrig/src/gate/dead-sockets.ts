import { readdir, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

/** What the sockets of gates are called, in the runtime folder. */
export const GATE_PREFIX = "gate-";

/**
 * Between making its socket and listening on it a gate refuses connections, too: for microseconds.
 */
const YOUNG_MS = 10_000;

/**
 * A gate that was killed could not take its socket away. The next one does, with those that nobody
 * listens on. Never throws.
 */
export async function sweepDeadSockets(folder: string, now: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const paths = names
    .filter((name) => name.startsWith(GATE_PREFIX))
    .map((name) => join(folder, name));
  await Promise.all(
    paths.map(async (path) => {
      const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? now;
      if (now - made > YOUNG_MS && (await isDead(path)))
        await rm(path, { force: true }).catch(() => {});
    }),
  );
}

/**
 * A process that is stopped still takes connections: only a socket that nobody has open refuses
 * them.
 */
export function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
  });
}
