import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { establishBaseline, type BaselineSource } from "./establish.ts";
import { baselineSnapshot } from "./baseline-id.ts";
import { accessAfterRollback } from "./login.ts";
import type { MachineAccess } from "./machine-access.ts";
import { admission, authority, onEach, type LeasedContext } from "./leased-context.ts";

/** A machine that was unhealthy after a rollback that reported success. */
export interface Unhealthy {
  readonly machine: string;
  readonly error: VmrigError;
}

/**
 * Restores machines to their baseline with increasingly strong steps: the rollback; a restart of
 * the machine's process from its snapshot; a new baseline, prepared from pristine; the image, for a
 * driver that can write it again. After that only a person can repair the machine. Each step is printed once, with its reason.
 */
export interface Recovery {
  /** Id of the baseline. Another one once a machine had to begin at its image again. */
  readonly baseline: string;
  /**
   * Rolls all machines of the copy back in parallel. Ends all sessions on them. Afterwards only
   * this lease's key can log in.
   *
   * @throws VmrigError `MACHINE_BROKEN` with the first cause, `FENCED`, `LEASE_LOST`
   */
  rollBack(): Promise<readonly MachineAccess[]>;
  /**
   * Runs the first step alone, before a claim waits for the machines. Leaves a failure to the next
   * {@link rollBack}.
   */
  rollBackAhead(): Promise<readonly MachineAccess[]>;
  /** Retries with the next recovery step after a failed rollback of these machines. */
  escalate(reports: readonly Unhealthy[]): Promise<readonly MachineAccess[]>;
}

/** 0: rolled back; 1: restarted from the snapshot; 2: baseline rebuilt; 3: no step left. */
type Step = 0 | 1 | 2 | 3;

interface RecoveryState {
  step: Step;
  readonly cause: unknown;
}

export interface RecoveryOptions {
  readonly context: LeasedContext;
  /** The baseline's id. */
  readonly baseline: string;
  readonly source: BaselineSource;
}

export function createRecovery({
  context,
  baseline: established,
  source,
}: RecoveryOptions): Recovery {
  const { driver, copy, say } = context;
  let baseline = established;
  const unhealthy = new Map<string, RecoveryState>();
  let known: readonly MachineAccess[] | undefined;

  const access = async (): Promise<readonly MachineAccess[]> => {
    context.lease.assertHeld();
    const found = known ?? (await accessAfterRollback(context));
    if (driver.fixedAddresses === true) known = found;
    return found;
  };

  /** Moves a machine that could not be restored to the next step that its driver supports. */
  const raiseStep = (name: string, cause: unknown): RecoveryState => {
    const state = unhealthy.get(name) ?? { step: 0, cause };
    state.step = (state.step === 0 && driver.stop === undefined ? 2 : state.step + 1) as Step;
    unhealthy.set(name, state);
    if (state.step === 1)
      say(
        `recover  ${copy.copy} ${name}: restarting it from its snapshot, because ${summary(cause)}`,
      );
    if (state.step === 3) throw broken({ context, machine: name, first: state.cause });
    return state;
  };

  /**
   * Restores a machine.
   *
   * @returns whether the machine is at its snapshot; otherwise its baseline must be rebuilt
   */
  const restore = async (name: string): Promise<boolean> => {
    const machine = { copy, name };
    for (;;) {
      try {
        if (unhealthy.get(name)?.step === 1) await driver.stop?.(machine, authority(context));
        await driver.restore(machine, baselineSnapshot(baseline), admission(context));
        return true;
      } catch (error) {
        context.lease.assertHeld();
        if (!isRecoverable(error)) throw error;
        if (raiseStep(name, error).step === 2) return false;
      }
    }
  };

  const rebuild = async (): Promise<void> => {
    const [name, state] = [...unhealthy].find(([, { step }]) => step === 2) ?? [];
    say(
      `recover  ${copy.copy}: rebuilding its baseline, because ${name ?? copy.copy}: ${summary(state?.cause)}`,
    );
    const first = state?.cause;
    const machine = name ?? copy.copy;
    try {
      return await establish();
    } catch (error) {
      context.lease.assertHeld();
      if (!isRecoverable(error)) throw error;
      if (driver.rewrite === undefined) throw broken({ context, machine, first, last: error });
      say(
        `recover  ${copy.copy}: writing the image to the disk of ${[...unhealthy.keys()].join(", ")} again, because ${summary(error)}`,
      );
    }
    try {
      for (const each of unhealthy.keys())
        await driver.rewrite({ copy, name: each }, authority(context));
      await establish();
    } catch (error) {
      context.lease.assertHeld();
      if (!isRecoverable(error)) throw error;
      throw broken({ context, machine, first, last: error });
    }
  };

  const establish = async (): Promise<void> => {
    known = undefined;
    ({ id: baseline } = await establishBaseline(context, source, { rebuild: true }));
    await onEach(context, (machine) =>
      driver.restore(machine, baselineSnapshot(baseline), admission(context)),
    );
  };

  const restoreAll = async (): Promise<readonly MachineAccess[]> => {
    const due = [...unhealthy.values()].some(({ step }) => step === 2);
    if (due || (await onEach(context, ({ name }) => restore(name))).includes(false))
      await rebuild();
    return await access();
  };

  return {
    get baseline() {
      return baseline;
    },
    rollBack() {
      unhealthy.clear();
      return restoreAll();
    },
    async rollBackAhead() {
      unhealthy.clear();
      await onEach(context, (machine) =>
        driver.restore(machine, baselineSnapshot(baseline), admission(context)),
      );
      return await access();
    },
    async escalate(reports) {
      // A machine that does not answer may have got another address.
      known = undefined;
      for (const { machine, error } of reports) raiseStep(machine, error);
      return restoreAll();
    },
  };
}

/**
 * Whether another step may help. It cannot help when another run has the machine, when the config
 * is wrong, when the cloud cannot be asked, or when a person must make room on a disk.
 */
function isRecoverable(error: unknown): boolean {
  if (!isVmrigError(error)) return false;
  return (
    error.fault === "infra" &&
    ![
      "FENCED",
      "LEASE_LOST",
      "CANCELLED",
      "REDIS_UNREACHABLE",
      "FOLDER_UNSAFE",
      "STATE_UNWRITABLE",
      "RIG_BUSY",
      "CLOUD_UNREACHABLE",
      "CLOUD_REFUSED",
    ].includes(error.code)
  );
}

function broken({
  context: { copy, driver },
  machine,
  first,
  last,
}: {
  readonly context: LeasedContext;
  readonly machine: string;
  readonly first: unknown;
  readonly last?: unknown;
}): VmrigError {
  const steps = driver.stop === undefined ? [] : ["restarting it from its snapshot"];
  const rewritten = driver.rewrite === undefined ? [] : ["writing its image again"];
  const see =
    driver.console === undefined ? "" : `see its console with \`vmrig logs ${machine}\`; `;
  return new VmrigError("MACHINE_BROKEN", {
    message: `${machine} of ${copy.copy} cannot be brought back to its baseline.`,
    details: [
      `original error: ${summary(first)}`,
      `tried: ${[...steps, "rebuilding its baseline", ...rewritten].join(", ")}`,
      ...(last === undefined ? [] : [`last error: ${summary(last)}`]),
    ],
    hint: `${see}replace it with \`vmrig up --copy ${copy.copy} --replace ${machine}\``,
    cause: first,
  });
}

function summary(error: unknown): string {
  return isVmrigError(error) ? error.summary : String(error);
}
