/**
 * `node cleanup-process.ts`: removes the environment of a suite (its rig) when its owner ended without doing so,
 * for example after a Ctrl-C to Vitest, which exits within a millisecond. The rig is passed over
 * stdin, because an argument would make the cleanup process one of the rig's processes. The end of
 * stdin means that the owner has ended.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { removeLeftovers, type Leftovers } from "./cleanup.ts";

export interface CleanupProcess extends AsyncDisposable {
  readonly pid: number | undefined;
}

/** Starts the cleanup process. @returns the process; dispose of it after the rig was removed */
export async function startCleanupProcess(remains: Leftovers): Promise<CleanupProcess> {
  // In a separate session, where no signal of a terminal reaches it.
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  await once(child, "spawn");
  child.stdin?.on("error", () => {}).write(JSON.stringify(remains));
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

if (import.meta.main) await removeLeftovers(JSON.parse(await text(process.stdin)) as Leftovers);
