/** 128 and the signal's number, as shells report it. SIGPIPE stands for a reader of our output that went away. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const;

/** Told from outside to end. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** What the program ends with, once it was interrupted. */
  code(): number | undefined;
}

/**
 * Turns the first signal into an abort, so that every verb leaves in an orderly way: out of the line, the lease handed on, Terraform's state saved.
 * A second one ends the program at once; then the lease runs out by itself.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let code: number | undefined;
  const end = (signal: keyof typeof CODES): void => {
    code ??= CODES[signal];
    controller.abort(new Error(`ended by ${signal}`));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => end(signal));
  process.stdout.on("error", () => end("SIGPIPE"));
  // Nobody is left to be told.
  process.stderr.on("error", () => {});
  return { signal: controller.signal, code: () => code };
}
