import type { ExecutionContext } from "../command/execution-context.ts";

/** All that may end what a test asks for now: its own signal, the test's, and that of the lease. */
export function underSignals(
  { signal, scope }: Pick<ExecutionContext, "signal" | "scope">,
  own?: AbortSignal | null,
): {
  readonly signal: AbortSignal;
  readonly end: (reason: unknown) => void;
  readonly release: () => void;
} {
  const over = new AbortController();
  const sources = [own ?? undefined, signal, scope?.()].filter((one) => one !== undefined);
  const end = (reason: unknown): void => over.abort(reason);
  const undo = sources.map((source) => {
    const pass = (): void => end(source.reason);
    if (source.aborted) pass();
    else source.addEventListener("abort", pass, { once: true });
    return () => source.removeEventListener("abort", pass);
  });
  // They live much longer than what is asked for.
  return { signal: over.signal, end, release: () => undo.forEach((each) => each()) };
}
