import type { Admission, Authority, CopySpec, Driver, MachineRef } from "../driver/driver.ts";
import type { Lease } from "../lease/lease.ts";
import type { KeyPair } from "../ssh/keys.ts";

/**
 * What all work on a copy's machines needs in its hand: the machines, the right to touch them, the
 * key that opens them.
 */
export interface LeasedContext {
  readonly driver: Driver;
  readonly copy: CopySpec;
  readonly lease: Pick<Lease, "fence" | "signal" | "assertHeld">;
  /** Made for this lease; only its public half ever reaches a machine. */
  readonly key: KeyPair;
  readonly say: (line: string) => void;
}

/** The user that tests log in as, on every machine. */
export const TEST_USER = "vmrig";

export function authority({ lease, say }: LeasedContext): Authority {
  lease.assertHeld();
  return { fence: lease.fence, signal: lease.signal, say };
}

export function admission(context: LeasedContext): Admission {
  return { ...authority(context), authorize: context.key.publicKey };
}

/**
 * Does the same on all machines at once, and fails when all are done, with the first failure as it
 * was.
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
