import type { ExecutionContext } from "../command/execution-context.ts";
import { onAbort } from "../on-abort.ts";

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
  const end = (reason: unknown): void => over.abort(reason);
  const release = onAbort([own ?? undefined, signal, scope?.()], end);
  return { signal: over.signal, end, release };
}
