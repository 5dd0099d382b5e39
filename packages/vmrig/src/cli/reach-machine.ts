import { toDate } from "../clock/real-time.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Folders } from "../config/folders.ts";
import type { RetainedCopy } from "../operations/find-retained-copy.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";
import { leaseMachines } from "./lease-machines.ts";
import { openRig, type OpenedRig } from "./open-rig.ts";
import { pickCopies } from "./pick-copy.ts";
import { pickMachine } from "./pick-machine.ts";
import type { VerbContext } from "./verb.ts";

/** A machine to log in to. */
export interface ReachedMachine {
  readonly name: string;
  readonly folders: Folders;
  readonly target: SshTarget;
  /** True for a retained copy: this verb acquires and releases no lease. */
  readonly isRetained: boolean;
  /** Holder and end of the lease: `pcs-1 is held until the command has ended`. */
  readonly description: string;
  connect(): Promise<SshConnection>;
  /** Aborts when the program is interrupted and when the lease is lost. */
  readonly signal: AbortSignal;
}

export interface ReachOptions {
  /** @defaultValue the rig's only machine */
  readonly machine: string | undefined;
  /** @defaultValue any */
  readonly copy?: string;
  /** Ignores copies retained for this user. */
  readonly fresh?: true;
  /** End of the lease that this verb acquires: `until you leave`. */
  readonly until: string;
}

/**
 * Runs `work` with a machine of a copy retained for this user, without a rollback. Without such a
 * copy, leases one and rolls it back first.
 */
export async function reachMachine<T>(
  context: VerbContext,
  { machine, copy, fresh, until }: ReachOptions,
  work: (reached: ReachedMachine) => Promise<T>,
): Promise<T> {
  const { say, signal: interrupted } = context;
  const opened = await openRig(context);
  const { rig, folders } = opened;
  const name = pickMachine(rig, machine);
  pickCopies(rig, copy);
  // Loaded late, so that the help and mistakes are printed without delay.
  const { findRetainedCopy } = await import("../operations/find-retained-copy.ts");
  const [retained] = fresh === true ? [] : await findRetainedCopy({ ...opened, only: copy, say });
  if (retained !== undefined) return work(retainedMachine(opened, retained, name, interrupted));
  return leaseMachines(context, { ...opened, only: copy }, async ({ claim, signal }) => {
    // This verifies the rollback. The ssh program does not.
    await claim.connect(name);
    return work({
      name,
      folders,
      target: claim.target(name),
      isRetained: false,
      description: `${claim.copy} is held ${until}`,
      connect: () => claim.connect(name),
      signal,
    });
  });
}

function retainedMachine(
  { folders }: OpenedRig,
  { copy, retained }: RetainedCopy,
  name: string,
  signal: AbortSignal,
): ReachedMachine {
  const target = retained.machines.find((machine) => machine.name === name)?.target;
  if (target === undefined)
    throw new VmrigError("MACHINE_OFF", {
      message: `${name} of ${copy.copy} is off: a test switched it off.`,
      hint: "use --fresh for a rolled-back copy",
    });
  const time = toDate(retained.until).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
  return {
    name,
    folders,
    target,
    isRetained: true,
    description: `${copy.copy} as it is ${retained.why}, ${retained.paused === true ? "yours" : "retained for you"} until ${time}; not rolled back (use --fresh for a rolled-back copy)`,
    connect: async () => {
      const { dial } = await import("../ssh/dial.ts");
      return dial(target, { name, signal });
    },
    signal,
  };
}
