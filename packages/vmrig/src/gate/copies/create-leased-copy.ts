import { createRecovery } from "../../baseline/recovery.ts";
import { accessToRunning, accessAfterRollback } from "../../baseline/login.ts";
import { authority, onEach, type LeasedContext } from "../../baseline/leased-context.ts";
import { systemClock } from "../../clock/clock.ts";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import { dropRetainedCopy, writeRetainedCopy } from "./retained-copy.ts";
import { copySecret } from "../store/copy-secret.ts";
import { createControlExecutor } from "../control-executor.ts";
import { recipesOf } from "./recipes.ts";
import { establishUpToDate } from "./establish-up-to-date.ts";
import { ensureMachines } from "./ensure-machines.ts";
import type { LeasedCopy, LeasedCopyOptions } from "./leased-copy.ts";

/**
 * Turns a fresh lease into machines that can be rolled back: checks the machines, provisions them
 * when the check fails, and establishes the baseline.
 */
export async function createLeasedCopy(options: LeasedCopyOptions): Promise<LeasedCopy> {
  const { rig, copy, store, states, lease, fingerprint, say, until, clock = systemClock } = options;
  const { driver } = rig;
  const leaseGuard: LeasedContext["lease"] = {
    fence: lease.fence,
    signal: AbortSignal.any([lease.signal, until]),
    assertHeld() {
      lease.assertHeld();
      until.throwIfAborted();
    },
  };
  // For people and for `vmrig rest`: no run waits for it, and none fails with it. A release that
  // follows on the same connection comes after it. A nightly refresh is no use, or a rig that is
  // not used any more would never rest.
  const noteUse = (): void => {
    if (options.refresh !== true) store.markUsed(lease).catch(() => {});
  };
  noteUse();
  const secret = await copySecret(driver, {
    store: states,
    copy,
    fence: lease.fence,
    by: options.holder,
  });
  const context: LeasedContext = {
    driver,
    copy,
    lease: leaseGuard,
    key: generateKeyPair(),
    secret,
    say,
  };
  const recorded = await ensureMachines(options, context);
  const source = { fingerprint, recipes: recipesOf(rig) };
  const baseline = await establishUpToDate(options, { context, source, recorded });

  const controlExecutor = createControlExecutor(context);
  // Checkpoints of a killed run take up space, and no process knows them any more.
  await controlExecutor.dropCheckpoints(recorded.inventory).catch((error: unknown) => {
    leaseGuard.assertHeld();
    say(
      `baseline ${copy.copy}: could not delete old checkpoints; ${isVmrigError(error) ? error.summary : String(error)}`,
    );
  });
  const recovery = createRecovery({ context, baseline, source });
  /**
   * Runs one task at a time, for all callers. Until it has ended, no other claim may have the
   * machines or their lease.
   */
  let busy: Promise<unknown> = Promise.resolve();
  const oneAtATime = <T>(work: () => Promise<T>): Promise<T> => {
    const done = busy.then(work);
    busy = done.catch(() => {});
    return done;
  };

  return {
    lease,
    copy,
    get baseline() {
      return recovery.baseline;
    },
    rollBack: () => oneAtATime(() => recovery.rollBack()),
    rollBackAhead: () => oneAtATime(() => recovery.rollBackAhead()),
    recover: (unhealthy) => oneAtATime(() => recovery.escalate(unhealthy)),
    control: (command) => oneAtATime(() => controlExecutor.execute(command)),
    async forget() {
      noteUse();
      if (controlExecutor.hasCheckpoints) await oneAtATime(() => controlExecutor.dropCheckpoints());
    },
    async retain(forMs, why) {
      await busy;
      const until = clock.wall() + forMs;
      // Depends on the lease alone: the run may be about to end, and this is its last task.
      const machines = await accessAfterRollback({ ...context, lease });
      await writeRetainedCopy(copy, { copy: copy.copy, fence: lease.fence, until, why, machines });
      noteUse();
      await store.retain(lease, { forMs, why });
      return until;
    },
    async allowLogin(forMs, why) {
      await busy;
      const { fence } = lease;
      const until = clock.wall() + forMs;
      const machines = await accessToRunning({ ...context, lease });
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
        const releasing = { ...context, lease };
        await onEach(releasing, (machine) => park(machine, authority(releasing))).catch(() => {
          // A machine that cannot be suspended is no reason to keep other runs waiting; the next
          // holder rolls it back anyway.
        });
      }
      // A note that stays is invalid once this process has ended.
      await options.guard?.().catch(() => {});
      if (lease.state === "held") noteUse();
      await lease.release();
    },
  };
}
