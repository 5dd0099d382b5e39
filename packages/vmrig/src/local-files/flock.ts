import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * - `busy`: another open file has a lock that excludes this one.
 * - `unsupported`: this system has no `flock` program, or this file system no such locks.
 */
export type FlockResult = "locked" | "busy" | "unsupported";

const TIMEOUT_MS = 5000;

/**
 * Tries to lock an open file, or to convert its lock; flock(2) drops the old lock even if it then
 * refuses the new one. The lock belongs to the open file: it lasts until this process and all
 * children that inherited the descriptor have closed it, in whichever PID namespace they run. The
 * kernel releases it when they are killed.
 *
 * Node.js has no such call, and the program of util-linux or BusyBox takes 1.3 ms.
 */
export async function flock(fd: number, kind: "shared" | "exclusive"): Promise<FlockResult> {
  const child = spawn("flock", ["-n", kind === "shared" ? "-s" : "-x", "3"], {
    stdio: ["ignore", "ignore", "ignore", fd],
    timeout: TIMEOUT_MS,
  });
  const code = await once(child, "exit").then(
    ([exitCode]: unknown[]) => exitCode,
    () => undefined,
  );
  return code === 0 ? "locked" : code === 1 ? "busy" : "unsupported";
}
