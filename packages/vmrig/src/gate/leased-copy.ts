import { createRecovery, type Unhealthy } from "../baseline/recovery.ts";
import { whereReached, whereToLogIn, type RolledBack } from "../baseline/login.ts";
import { baselineId } from "../baseline/baseline-id.ts";
import { establishBaseline } from "../baseline/establish.ts";
import { authority, onEach, type LeasedContext } from "../baseline/leased-context.ts";
import { systemClock, type Clock } from "../clock/clock.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec, Fingerprint } from "../driver/driver.ts";
import type { Lease } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { infrastructureHash } from "../provision/infrastructure-hash.ts";
import { isStateLocked, readStateStamp } from "../provision/state-stamp.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import { dropRetainedCopy, writeRetainedCopy } from "./retained-copy.ts";
import { createControlExecutor } from "./control-executor.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";
import { stepLine } from "./step-line.ts";
import { recipesOf } from "./recipes.ts";
import { brokenMark, makeRecord, staleness } from "./copy-record.ts";

export interface LeasedCopyOptions {
  readonly rig: ResolvedRig;
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  readonly lease: Lease;
  readonly fingerprint: Fingerprint;
  readonly say: (line: string) => void;
  /** Ends what is under way, Terraform too, when the run is over before the machines are ready. */
  readonly until: AbortSignal;
  readonly clock?: Clock;
  /** Addresses that a person allowed to be replaced. */
  readonly allow?: ReadonlySet<string>;
  /** Called before the lease is handed on. */
  readonly guard?: () => Promise<void>;
}

/** A copy that this run holds the lease of, whose machines exist and have their baseline. */
export interface LeasedCopy {
  readonly lease: Lease;
  readonly baseline: string;
  readonly copy: CopySpec;
  /** All machines back to their baseline. */
  rollBack(): Promise<readonly RolledBack[]>;
  /**
   * The same before anybody waits for it. A machine that does not come back is not healed: that is
   * for whoever needs it.
   */
  rollBackAhead(): Promise<readonly RolledBack[]>;
  /** The same, where the last rollback turned out not to have done: by the next stronger step. */
  heal(sick: readonly Unhealthy[]): Promise<readonly RolledBack[]>;
  /** Does to them what a test asks for. */
  act(command: ControlCommand): Promise<ControlResult>;
  /** Deletes the checkpoints of the claim that has ended. Nothing where it took none. */
  forget(): Promise<void>;
  /**
   * Leaves the machines as they are, and the lease with whoever ran this, for so long. Nothing more
   * can be done with the holding then.
   *
   * @returns until when, in milliseconds since the epoch
   */
  keep(forMs: number, why: string): Promise<number>;
  /**
   * Lets whoever ran this in, for so long at most, while the lease and the machines stay the
   * holding's.
   *
   * @returns until when, in milliseconds since the epoch; which machines are up; and what ends it
   */
  letIn(
    forMs: number,
    why: string,
  ): Promise<{
    readonly until: number;
    readonly machines: readonly string[];
    readonly leave: () => Promise<void>;
  }>;
  /** Lets the machines rest, then hands on the lease. Never throws. */
  release(): Promise<void>;
}

/**
 * The road from a fresh lease to machines that can be rolled back: check, else provision; then the
 * baseline.
 */
export async function createLeasedCopy(options: LeasedCopyOptions): Promise<LeasedCopy> {
  const { rig, copy, store, lease, fingerprint, say, until, clock = systemClock } = options;
  const { driver } = rig;
  const warrant: LeasedContext["lease"] = {
    fence: lease.fence,
    signal: AbortSignal.any([lease.signal, until]),
    assertHeld() {
      lease.assertHeld();
      until.throwIfAborted();
    },
  };
  const scene: LeasedContext = { driver, copy, lease: warrant, key: generateKeyPair(), say };
  await ensureMachines(options, warrant);

  const recipes = recipesOf(rig);
  const baseline = baselineId({ copy, fingerprint, recipes });
  await establishBaseline(scene, baseline, recipes);

  const controlExecutor = createControlExecutor(scene);
  // Of whoever was killed: they cost room, and nobody knows them any more.
  await controlExecutor.dropCheckpoints().catch((error: unknown) => {
    warrant.assertHeld();
    say(
      `baseline ${copy.copy}: old checkpoints stay; ${isVmrigError(error) ? error.summary : String(error)}`,
    );
  });
  const recovery = createRecovery({ context: scene, baseline, recipes });
  /**
   * One at a time, whoever asks. Until it has ended nobody else may have the machines, nor the
   * lease.
   */
  let busy: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = busy.then(work);
    busy = done.catch(() => {});
    return done;
  };

  return {
    lease,
    copy,
    baseline,
    rollBack: () => inTurn(() => recovery.rollBack()),
    rollBackAhead: () => inTurn(() => recovery.rollBackAhead()),
    heal: (sick) => inTurn(() => recovery.escalate(sick)),
    act: (command) => inTurn(() => controlExecutor.act(command)),
    forget: () =>
      controlExecutor.hasCheckpoints
        ? inTurn(() => controlExecutor.dropCheckpoints())
        : Promise.resolve(),
    async keep(forMs, why) {
      await busy;
      const until = clock.wall() + forMs;
      // By the lease alone: the run may be about to end, and this is its last wish.
      const machines = (await whereToLogIn({ ...scene, lease })).map(
        ({ name, lanAddress, target }) => ({
          name,
          lanAddress,
          target: { ...target },
        }),
      );
      await writeRetainedCopy(copy, { copy: copy.copy, fence: lease.fence, until, why, machines });
      await store.retain(lease, { forMs, why });
      return until;
    },
    async letIn(forMs, why) {
      await busy;
      const { fence } = lease;
      const until = clock.wall() + forMs;
      const machines = (await whereReached({ ...scene, lease })).map(
        ({ name, lanAddress, target }) => ({
          name,
          lanAddress,
          target: { ...target },
        }),
      );
      await writeRetainedCopy(copy, { copy: copy.copy, fence, until, why, paused: true, machines });
      return {
        until,
        machines: machines.map(({ name }) => name),
        leave: () => dropRetainedCopy(copy, { fence }),
      };
    },
    async release() {
      await busy;
      const { park } = driver;
      if (park !== undefined && lease.state === "held") {
        const farewell = { ...scene, lease };
        await onEach(farewell, (machine) => park(machine, authority(farewell))).catch(() => {
          // A machine that does not rest is no reason to keep the others waiting; the next holder
          // rolls it back anyway.
        });
      }
      await options.guard?.().catch(() => {}); // a note that stays is worth nothing once this process has ended
      await lease.release();
    },
  };
}

/** The cheap check by the record; the full road by Terraform when it does not match. */
async function ensureMachines(
  options: LeasedCopyOptions,
  warrant: LeasedContext["lease"],
): Promise<void> {
  const { rig, copy, store, lease, fingerprint, say, allow } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint);
  const [record, stamp, working, inventory] = await Promise.all([
    store.record(copy),
    readStateStamp(copy),
    isStateLocked(copy),
    driver.inspect(copy),
  ]);
  const stale = staleness(record, { copy, infrastructure, stamp, working, inventory });
  if (stale === undefined) return;
  say(`check    ${copy.copy}: ${stale}; asking Terraform`);
  const { provision } = await import("../provision/provision.ts");
  const provisioned = await provision({
    driver,
    copy,
    fingerprint,
    warrant,
    say: (line) => say(stepLine(line)),
    replaceAllowed: brokenMark(record) !== undefined,
    ...(allow && { allow }),
  });
  await store.saveRecord(
    lease,
    makeRecord(infrastructure, provisioned.stamp, await driver.inspect(copy)),
  );
}
