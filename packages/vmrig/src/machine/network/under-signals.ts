import type { ExecutionContext } from "../command/execution-context.ts";

/**
 * Combines every signal that may end the current request: the caller's signal, the test's, and the
 * lease's.
 */
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
  // The source signals live much longer than the request, so its listeners must be removed.
  return { signal: over.signal, end, release: () => undo.forEach((each) => each()) };
}
