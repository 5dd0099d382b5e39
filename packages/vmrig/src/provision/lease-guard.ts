/**
 * What a held lease grants, and all that this folder knows of one: nothing is planned, made or
 * destroyed without it.
 */
export interface LeaseGuard {
  readonly fence: number;
  /** Aborts when the lease is lost. */
  readonly signal: AbortSignal;
  /** @throws when the lease is not held any more */
  assertHeld(): void;
}
