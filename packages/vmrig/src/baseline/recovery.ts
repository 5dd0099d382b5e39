import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { establishBaseline } from "./establish.ts";
import { baselineSnapshot } from "./baseline-id.ts";
import { whereToLogIn, type RolledBack } from "./login.ts";
import type { Recipe } from "./recipe.ts";
import { admission, authority, onEach, type LeasedContext } from "./leased-context.ts";

/** What a machine was found to be, after a rollback that claimed to have succeeded. */
export interface Unhealthy {
  readonly machine: string;
  readonly error: VmrigError;
}

/**
 * What brings machines to their baseline, each step stronger than the one before: the rollback; the
 * machine's process anew from its snapshot; a new baseline, prepared from pristine; after that only
 * a person can help. Each step is said once, with its reason.
 */
export interface Recovery {
  /**
   * All machines of the copy to their baseline, at once. Ends all their sessions; from now on only
   * this lease's key gets in.
   *
   * @throws VmrigError `MACHINE_BROKEN` with the first cause, `FENCED`, `LEASE_LOST`
   */
  rollBack(): Promise<readonly RolledBack[]>;
  /**
   * Its first step alone, for which nobody waits yet: what that does not bring back is left to the
   * next {@link rollBack}.
   */
  rollBackAhead(): Promise<readonly RolledBack[]>;
  /** The same, where the last rollback did not do: these machines take their next step. */
  escalate(sick: readonly Unhealthy[]): Promise<readonly RolledBack[]>;
}

/**
 * 0: rolled back; 1: started anew from the snapshot; 2: its baseline was made anew; 3: nothing more
 * to do.
 */
type Rung = 0 | 1 | 2 | 3;

interface Patient {
  rung: Rung;
  readonly cause: unknown;
}

export interface RecoveryOptions {
  readonly context: LeasedContext;
  /** The baseline's id. */
  readonly baseline: string;
  readonly recipes: Readonly<Record<string, Recipe>>;
}

export function createRecovery({ context, baseline, recipes }: RecoveryOptions): Recovery {
  const { driver, copy, say } = context;
  const snapshot = baselineSnapshot(baseline);
  const patients = new Map<string, Patient>();

  /** The machine did not come back: it takes the next step that its driver knows. */
  const climb = (name: string, cause: unknown): Patient => {
    const patient = patients.get(name) ?? { rung: 0, cause };
    patient.rung = (patient.rung === 0 && driver.stop === undefined ? 2 : patient.rung + 1) as Rung;
    patients.set(name, patient);
    if (patient.rung === 1)
      say(
        `heal     ${copy.copy} ${name}: starts anew from its snapshot, because ${summary(cause)}`,
      );
    if (patient.rung === 3) throw broken(copy.copy, name, patient.cause);
    return patient;
  };

  /** @returns whether it is at its snapshot; otherwise its baseline must be made anew */
  const restore = async (name: string): Promise<boolean> => {
    const machine = { copy, name };
    for (;;) {
      try {
        if (patients.get(name)?.rung === 1) await driver.stop?.(machine, authority(context));
        await driver.restore(machine, snapshot, admission(context));
        return true;
      } catch (error) {
        context.lease.assertHeld();
        if (!isHealable(error)) throw error;
        if (climb(name, error).rung === 2) return false;
      }
    }
  };

  const rebuild = async (): Promise<void> => {
    const [name, patient] = [...patients].find(([, { rung }]) => rung === 2) ?? [];
    say(
      `heal     ${copy.copy}: makes its baseline anew, because ${name ?? copy.copy}: ${summary(patient?.cause)}`,
    );
    try {
      await establishBaseline(context, baseline, recipes, { anew: true });
      await onEach(context, (machine) => driver.restore(machine, snapshot, admission(context)));
    } catch (error) {
      context.lease.assertHeld();
      if (!isHealable(error)) throw error;
      throw broken(copy.copy, name ?? copy.copy, patient?.cause, error);
    }
  };

  const bringBack = async (): Promise<readonly RolledBack[]> => {
    const due = [...patients.values()].some(({ rung }) => rung === 2);
    if (due || (await onEach(context, ({ name }) => restore(name))).includes(false))
      await rebuild();
    return whereToLogIn(context);
  };

  return {
    rollBack() {
      patients.clear();
      return bringBack();
    },
    async rollBackAhead() {
      patients.clear();
      await onEach(context, (machine) => driver.restore(machine, snapshot, admission(context)));
      return whereToLogIn(context);
    },
    async escalate(sick) {
      for (const { machine, error } of sick) climb(machine, error);
      return bringBack();
    },
  };
}

/**
 * Not what says that the machine is somebody else's by now, nor a wrong config, nor a disk that a
 * person must make room on.
 */
function isHealable(error: unknown): boolean {
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
    ].includes(error.code)
  );
}

function broken(copy: string, machine: string, first: unknown, last?: unknown): VmrigError {
  return new VmrigError("MACHINE_BROKEN", {
    message: `${machine} of ${copy} cannot be brought back to its baseline.`,
    details: [
      `first: ${summary(first)}`,
      "then: it was started anew from its snapshot, and its baseline was made anew",
      ...(last === undefined ? [] : [`last: ${summary(last)}`]),
    ],
    hint: `see its console with \`vmrig logs ${machine}\`; replace it with \`vmrig up --allow terraform_data.${machine}\``,
    cause: first,
  });
}

function summary(error: unknown): string {
  return isVmrigError(error) ? error.summary : String(error);
}
