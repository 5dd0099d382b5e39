import type { ClaimSession, GateClient, Setup, WantedFile } from "vmrig/worker";

const KEY = Symbol.for("vmrig.worker");

interface Worker {
  client?: Promise<GateClient>;
  /** Socket that the client is connected to: the next run of a watcher may have another gate. */
  socket?: string | undefined;
  claim?: ClaimSession;
  /** Files that the current test adds to its evidence, beside those of the config. */
  wanted?: WantedFile[] | undefined;
  /** Setups by their `describe` or file. */
  setups?: WeakMap<object, Setup>;
}

/**
 * Returns the state of the worker process. It is on `globalThis`, because Vitest evaluates the
 * modules again for each test file.
 */
export function worker(): Worker {
  const global = globalThis as { [KEY]?: Worker };
  return (global[KEY] ??= {});
}
