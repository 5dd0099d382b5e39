import type { Admission, Authority } from "../driver/authority.ts";
import type { CopySpec, Driver, MachineRef } from "../driver/driver.ts";
import type { Lease } from "../lease/lease.ts";
import type { KeyPair } from "../ssh/keys.ts";

/**
 * Inputs of all work on a copy's machines: the machines, the lease that allows the work, and the
 * key for logins.
 */
export interface LeasedContext {
  readonly driver: Driver;
  readonly copy: CopySpec;
  readonly lease: Pick<Lease, "fence" | "signal" | "assertHeld">;
  /** Key pair of this lease. Only its public half ever reaches a machine. */
  readonly key: KeyPair;
  /** See `Driver.needsSecret`. */
  readonly secret?: string | undefined;
  readonly say: (line: string) => void;
}

/** Name of the user that tests log in as, on every machine. */
export const TEST_USER = "vmrig";

export function authority({ lease, say, secret }: LeasedContext): Authority {
  lease.assertHeld();
  return { fence: lease.fence, signal: lease.signal, say, ...(secret !== undefined && { secret }) };
}

export function admission(context: LeasedContext): Admission {
  return { ...authority(context), authorize: context.key.publicKey };
}

/**
 * Runs a function on all machines in parallel. Waits until all are done, then throws the first
 * failure unchanged.
 */
export async function onEach<T>(
  { copy }: LeasedContext,
  act: (machine: MachineRef) => Promise<T>,
): Promise<T[]> {
  const outcomes = await Promise.allSettled(copy.machines.map(({ name }) => act({ copy, name })));
  const failures = outcomes
    .filter((outcome) => outcome.status === "rejected")
    .map((outcome): unknown => outcome.reason);
  if (failures.length > 0) throw failures[0];
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}
