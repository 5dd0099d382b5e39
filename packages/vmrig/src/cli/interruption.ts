import { systemClock, type Clock } from "../clock/clock.ts";

/**
 * 128 plus the signal's number, as shells report it. SIGPIPE means that the reader of vmrig's
 * output has gone.
 */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const;

/** The first signal that interrupts this process. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Returns the exit code after an interruption, otherwise undefined. */
  code(): number | undefined;
}

/**
 * One Ctrl-C may arrive twice: from the terminal, and forwarded by `npx` or `npm run`.
 */
const ECHO_MS = 1_000;

/**
 * Turns the first signal into an abort, so that every verb shuts down in order: it leaves the
 * queue, releases the lease and saves Terraform's state. Another signal after a second or more ends
 * the program immediately; then the lease expires.
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
  // Without a reader of standard error, nothing can be reported.
  process.stderr.on("error", () => {});
  return { signal: controller.signal, code: () => code };
}
