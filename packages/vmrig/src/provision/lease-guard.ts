/** A held lease, as this folder needs it. Planning, creating and destroying require one. */
export interface LeaseGuard {
  readonly fence: number;
  /** Aborts when the lease is lost. */
  readonly signal: AbortSignal;
  /** @throws when the lease is no longer held */
  assertHeld(): void;
}
