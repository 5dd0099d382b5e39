/**
 * `node caretaker.ts`: removes a test environment (scene) when its owner ended without doing so,
 * for example after a Ctrl-C to Vitest, which exits within a millisecond. The scene is passed over
 * stdin, because an argument would make the caretaker one of the scene's processes. The end of
 * stdin means that the owner has ended.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { clearAway, type Leftovers } from "./cleanup.ts";

export interface Caretaker extends AsyncDisposable {
  readonly pid: number | undefined;
}

/** Starts the caretaker. @returns the caretaker; dispose of it after the scene was removed */
export async function hireCaretaker(remains: Leftovers): Promise<Caretaker> {
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

if (import.meta.main) await clearAway(JSON.parse(await text(process.stdin)) as Leftovers);
