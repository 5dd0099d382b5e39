/**
 * Longer than Terraform gets to put its state away. After that a lease runs out by itself, as for a
 * gate that was killed.
 */
export const SHUTDOWN_TIMEOUT_MS = 90_000;
