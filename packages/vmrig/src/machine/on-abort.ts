/**
 * Calls `work` with the reason of each signal that aborts, immediately for a signal that has
 * already aborted. Returns the function that unsubscribes: the signals may live much longer than
 * the caller.
 */
export function onAbort(
  signals: ReadonlyArray<AbortSignal | undefined>,
  work: (reason: unknown) => void,
): () => void {
  const undo = signals.map((signal) => {
    if (signal === undefined) return undefined;
    const listener = (): void => work(signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener, { once: true });
    return () => signal.removeEventListener("abort", listener);
  });
  return () => undo.forEach((each) => each?.());
}
