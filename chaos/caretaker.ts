/**
 * `node caretaker.ts`: clears a scene away when whoever set it is gone without doing so, as after a
 * Ctrl-C to Vitest, which leaves within a millisecond. It is told of the scene over stdin, not by
 * arguments, which would make it one of the scene's processes; the end of stdin is the end.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { clearAway, type Leftovers } from "./cleanup.ts";

export interface Caretaker extends AsyncDisposable {
  readonly pid: number | undefined;
}

/** @returns is disposed of when the scene was cleared away */
export async function hireCaretaker(remains: Leftovers): Promise<Caretaker> {
  // In a session of its own, where no signal of a terminal reaches it.
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
