import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";

/** Kills the client that made the change, or leaves it alone and returns or resolves to `reply`. */
export type Kill = () => unknown;

const DEADLINE_MS = 10_000;

/** Kills a client between a change and its reply. */
export class ClientKill {
  #due: { left: number; readonly kill: Kill } | undefined;
  #count = 0;

  /** How many clients were killed. Requests that arrived before a kill may be the client's. */
  get count(): number {
    return this.#count;
  }

  /** A negative process id kills the group. */
  plan(n: number, kill: readonly number[] | Kill): void {
    const killAll = (pids: readonly number[]): void => {
      for (const pid of pids) process.kill(pid, "SIGKILL");
    };
    this.#due = { left: n, kill: typeof kill === "function" ? kill : () => killAll(kill) };
  }

  /** Is called after each change. If a kill is due, resolves when the client's connection is gone. */
  async afterChange(response: ServerResponse): Promise<void> {
    const due = this.#due;
    if (due === undefined || --due.left > 0) return;
    this.#due = undefined;
    if ((await due.kill()) === "reply") return;
    await closed(response);
    // What else it sent is in the kernel. Accepting a connection, reading and closing take turns.
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    this.#count += 1;
  }
}

async function closed(response: ServerResponse): Promise<void> {
  if (response.closed) return;
  try {
    await once(response, "close", { signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (cause) {
    const seconds = DEADLINE_MS / 1000;
    throw new Error(
      `Waited ${seconds} s for the end of the killed client's connection; it is still open`,
      { cause },
    );
  }
}
