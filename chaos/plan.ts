import { dice } from "./seeded-random.ts";

/**
 * One use of the machines by a worker: a claim, some commands on each machine, and the way back.
 */
export interface Visit {
  /** How many commands on each machine. */
  readonly commands: number;
  readonly commandMs: number;
  /** Before this command the machines are rolled back, in the middle of the claim. */
  readonly rollBackBefore?: number;
  /** Leaves the machines without giving them back by word. */
  readonly rude: boolean;
  /**
   * So long after it, with machines that are not its any more, it tries once more: see
   * ex-holder.ts.
   */
  readonly intrudeAfterMs?: number;
  /**
   * Until the next one. Longer than `lease.idle` of the config, mostly: then the lease goes on to
   * the next in line.
   */
  readonly pauseMs: number;
}

/** What one run of a runner does: each worker is a process with its own visits. */
export interface RunnerPlan {
  readonly session: string;
  readonly maxCopies: number;
  readonly workers: readonly (readonly Visit[])[];
}

/**
 * What is hit by whom the suite finds when the time has come: `pick` says which one of those that
 * are there.
 */
export interface FaultPlan<Kind extends string> {
  readonly kind: Kind;
  /** How many grants after the fault before this one. */
  readonly afterGrants: number;
  readonly pick: number;
  readonly ms: number;
}

/** The `index`-th run of a seed. */
export function planRunner(seed: number, index: number, copies: number): RunnerPlan {
  const { between, chance } = dice(seed, `runner ${index}`);
  const workers = copies > 1 && chance(0.2) ? 2 : 1;
  const visit = (): Visit => {
    const commands = between(1, 3);
    return {
      commands,
      commandMs: between(5, 40),
      ...(chance(0.2) && { rollBackBefore: between(1, commands) }),
      rude: chance(0.1),
      // With two workers the other one may have got them by the same lease.
      ...(workers === 1 && chance(0.3) && { intrudeAfterMs: between(50, 400) }),
      pauseMs: chance(0.85) ? between(40, 150) : 0,
    };
  };
  return {
    session: `run-${index}`,
    maxCopies: workers,
    workers: Array.from({ length: workers }, () => Array.from({ length: between(4, 10) }, visit)),
  };
}

/** The `index`-th fault of a seed. */
export function planFault<Kind extends string>(
  seed: number,
  index: number,
  options: {
    readonly kinds: Readonly<Record<Kind, number>>;
    readonly ttlMs: number;
    readonly grantsPerFault: number;
  },
): FaultPlan<Kind> {
  const { between, oneOf } = dice(seed, `fault ${index}`);
  const { kinds, ttlMs, grantsPerFault } = options;
  return {
    kind: oneOf(kinds),
    afterGrants: between(0, Math.floor(2 * grantsPerFault)),
    pick: between(0, 2 ** 20),
    // Shorter than the ttl as often as longer.
    ms: between(Math.round(ttlMs * 0.3), Math.round(ttlMs * 1.7)),
  };
}
