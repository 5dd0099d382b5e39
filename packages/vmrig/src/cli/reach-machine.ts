import { VmrigError } from "../errors/vmrig-error.ts";
import type { Folders } from "../config/folders.ts";
import type { RetainedCopy } from "../operations/find-retained-copy.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";
import { holdMachines } from "./hold-machines.ts";
import { openRig, type OpenedRig } from "./open-rig.ts";
import { copyOption, pickCopies } from "./pick-copy.ts";
import { pickMachine } from "./pick-machine.ts";
import type { OptionSpecs, Surroundings } from "./verb.ts";

/** A machine to log in to. */
export interface Reached {
  readonly name: string;
  readonly folders: Folders;
  readonly target: SshTarget;
  /** Whether the copy is a retained copy: no lease is taken for this verb and none is released. */
  readonly kept: boolean;
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
  /** End of a lease that is taken for this verb: `until you leave`. */
  readonly until: string;
}

/** Options of the verbs that log in to a machine. */
export const REACH = {
  copy: copyOption(
    "the copy with this name; default: a copy retained for you, otherwise any free copy",
  ),
  fresh: {
    type: "boolean",
    help: "ignores copies retained for you, and waits for a copy at its baseline",
  },
} as const satisfies OptionSpecs;

/**
 * Runs `work` with a machine of a copy retained for this user, without a rollback. Without such a
 * copy, leases one and rolls it back first.
 */
export async function reachMachine<T>(
  surroundings: Surroundings,
  { machine, copy, fresh, until }: ReachOptions,
  work: (reached: Reached) => Promise<T>,
): Promise<T> {
  const { say, signal: ended } = surroundings;
  const opened = await openRig(surroundings);
  const { rig, folders } = opened;
  const name = pickMachine(rig, machine);
  pickCopies(rig, copy);
  // Loaded late, so that the help and mistakes are printed without delay.
  const { findRetainedCopy } = await import("../operations/find-retained-copy.ts");
  const [kept] = fresh === true ? [] : await findRetainedCopy({ ...opened, only: copy, say });
  if (kept !== undefined) return work(retainedMachine(opened, kept, name, ended));
  return holdMachines(surroundings, { ...opened, only: copy }, async ({ claim, signal }) => {
    // Connecting verifies the rollback; the ssh program does not.
    await claim.connect(name);
    return work({
      name,
      folders,
      target: claim.target(name),
      kept: false,
      description: `${claim.copy} is held ${until}`,
      connect: () => claim.connect(name),
      signal,
    });
  });
}

function retainedMachine(
  { folders }: OpenedRig,
  { copy, kept }: RetainedCopy,
  name: string,
  signal: AbortSignal,
): Reached {
  const target = kept.machines.find((machine) => machine.name === name)?.target;
  if (target === undefined)
    throw new VmrigError("MACHINE_OFF", {
      message: `${name} of ${copy.copy} is off: a test switched it off.`,
    });
  const time = new Date(kept.until).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
  return {
    name,
    folders,
    target,
    kept: true,
    description: `${copy.copy} as it is ${kept.why}, ${kept.paused === true ? "yours" : "retained for you"} until ${time}; not rolled back (use --fresh for a rolled-back copy)`,
    connect: async () => {
      const { dial } = await import("../ssh/dial.ts");
      return dial(target, { name, signal });
    },
    signal,
  };
}
