/** Formats an elapsed time for a progress line: `12 ms`, `1.5 s`. */
export function formatElapsed(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
