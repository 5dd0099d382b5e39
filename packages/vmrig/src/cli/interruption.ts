import { systemClock, type Clock } from "../clock/clock.ts";

/**
 * 128 and the signal's number, as shells report it. SIGPIPE stands for a reader of our output that
 * went away.
 */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const;

/** Told from outside to end. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** What the program ends with, once it was interrupted. */
  code(): number | undefined;
}

/**
 * One Ctrl-C may arrive twice: from the terminal, and from `npx` or `npm run`, which pass it on.
 */
const ECHO_MS = 1_000;

/**
 * Turns the first signal into an abort, so that every verb leaves in an orderly way: out of the
 * line, the lease handed on, Terraform's state saved. Another one, a second later or more, ends the
 * program at once; then the lease runs out by itself.
 */
export function listenForInterruption(clock: Clock = systemClock): Interruption {
  const controller = new AbortController();
  let code: number | undefined;
  let since: number | undefined;
  const end = (signal: keyof typeof CODES): void => {
    if (since === undefined) {
      since = clock.monotonic();
      code = CODES[signal];
      controller.abort(new Error(`ended by ${signal}`));
    } else if (signal !== "SIGPIPE" && clock.monotonic() - since > ECHO_MS) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => end(signal));
  process.stdout.on("error", () => end("SIGPIPE"));
  // Nobody is left to be told.
  process.stderr.on("error", () => {});
  return { signal: controller.signal, code: () => code };
}
