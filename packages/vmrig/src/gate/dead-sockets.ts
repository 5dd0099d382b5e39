import { readdir, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

/** Prefix of gate sockets in the runtime folder. */
export const GATE_PREFIX = "gate-";

/** A gate refuses connections for microseconds between creating its socket and listening on it. */
const YOUNG_MS = 10_000;

/**
 * Removes the sockets that no gate listens on: a killed gate could not remove its own. Never
 * throws.
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
 * Returns whether no process has the socket open. A stopped process still accepts connections, so
 * only a dead socket refuses them.
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
