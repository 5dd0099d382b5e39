import { seededRandom } from "./seeded-random.ts";

/** One use of the machines by a worker: a claim, some commands on each machine, and the release. */
export interface MachineUse {
  /** Number of commands on each machine. */
  readonly commands: number;
  readonly commandMs: number;
  /**
   * Number of the command before which the machines are rolled back, in the middle of the claim.
   */
  readonly rollBackBefore?: number;
  /** Disconnects without releasing the machines. */
  readonly disconnects: boolean;
  /**
   * Delay after the visit until the worker tries to use the machines again, which it no longer
   * holds: see ex-holder.ts.
   */
  readonly reuseAfterMs?: number;
  /**
   * Pause until the next visit. Mostly longer than `lease.idle` of the config, so that the lease
   * goes to the next one in the queue.
   */
  readonly pauseMs: number;
}

/** Plan of one run of a test runner: each worker is a process with its own visits. */
export interface RunnerPlan {
  readonly session: string;
  readonly maxCopies: number;
  readonly workers: readonly (readonly MachineUse[])[];
}

/**
 * Plan of a fault. The suite selects its target when the fault starts: `pick` selects one of the
 * possible targets.
 */
export interface FaultPlan<Kind extends string> {
  readonly kind: Kind;
  /** Number of grants after the previous fault. */
  readonly afterGrants: number;
  readonly pick: number;
  readonly ms: number;
}

export interface RunnerShape {
  readonly copies: number;
  /**
   * Whether rollbacks take long. Runs are then short, with one worker and a pause after each visit,
   * so that nearly every visit gets a new lease. @defaultValue false
   */
  readonly isSlow?: boolean;
}

/** Returns the `index`-th run of a seed. */
export function planRunner(
  seed: number,
  index: number,
  { copies, isSlow = false }: RunnerShape,
): RunnerPlan {
  const { between, chance } = seededRandom(seed, `runner ${index}`);
  const workers = !isSlow && copies > 1 && chance(0.2) ? 2 : 1;
  const visit = (): MachineUse => {
    const commands = between(1, 3);
    return {
      commands,
      commandMs: between(5, 40),
      ...(chance(0.2) && { rollBackBefore: between(1, commands) }),
      disconnects: chance(0.1),
      // With two workers, the other worker may have got the machines by the same lease.
      ...(workers === 1 && chance(0.3) && { reuseAfterMs: between(50, 400) }),
      pauseMs: isSlow ? between(200, 600) : chance(0.85) ? between(40, 150) : 0,
    };
  };
  return {
    session: `run-${index}`,
    maxCopies: workers,
    workers: Array.from({ length: workers }, () =>
      Array.from({ length: isSlow ? between(2, 4) : between(4, 10) }, visit),
    ),
  };
}

/** Returns the `index`-th fault of a seed. */
export function planFault<Kind extends string>(
  seed: number,
  index: number,
  options: {
    readonly kinds: Readonly<Record<Kind, number>>;
    readonly ttlMs: number;
    readonly grantsPerFault: number;
  },
): FaultPlan<Kind> {
  const { between, oneOf } = seededRandom(seed, `fault ${index}`);
  const { kinds, ttlMs, grantsPerFault } = options;
  return {
    kind: oneOf(kinds),
    afterGrants: between(0, Math.floor(2 * grantsPerFault)),
    pick: between(0, 2 ** 20),
    // As often shorter than the TTL as longer.
    ms: between(Math.round(ttlMs * 0.3), Math.round(ttlMs * 1.7)),
  };
}
