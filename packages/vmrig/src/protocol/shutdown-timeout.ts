/**
 * Longer than the time that Terraform gets to store its state. After this timeout the lease expires
 * by itself, as for a gate that was killed.
 */
export const SHUTDOWN_TIMEOUT_MS = 90_000;
