import { VmrigError } from "../errors/vmrig-error.ts";
import type { Refusal } from "../redis/refusal.ts";
import { formatDuration } from "../clock/format-duration.ts";

/** Explanation of a lost lease, for people. */
export interface Loss {
  readonly why: string;
  readonly hint: string;
  readonly facts?: readonly string[];
}

export const REFUSED: Loss = {
  why: "Redis reports that this run no longer holds it",
  hint: "someone ran `vmrig release --force`, or Redis lost its data: start the run again",
};

export const PAUSED: Loss = {
  why: "this process could not renew it in time",
  hint: "the process was paused, its computer slept, or its event loop was blocked: start the run again",
};

export function silent(failure: string, silentForMs: number): Loss {
  return {
    why: `Redis stopped answering (${failure})`,
    hint: "check the network and that Redis runs, then start the run again",
    facts: [`Redis was silent for ${formatDuration(silentForMs)}`],
  };
}

/** Redis answered until the end, but did not do what it was asked. */
export function refusing({ reply, hint }: Refusal): Loss {
  return { why: `Redis refuses to renew it (${reply})`, hint: `${hint}; then start the run again` };
}

export function leaseLost(
  lease: { readonly copy: string; readonly ttlMs: number; readonly sinceRenewalMs: number },
  { why, hint, facts = [] }: Loss,
): VmrigError {
  const { copy, ttlMs, sinceRenewalMs } = lease;
  return new VmrigError("LEASE_LOST", {
    message: `Lost the lease of "${copy}" ${formatDuration(sinceRenewalMs)} after its last renewal (ttl ${formatDuration(ttlMs)}): ${why}.`,
    details: facts,
    hint,
  });
}
