import { VmrigError } from "../errors/vmrig-error.ts";
import type { Folders } from "../config/folders.ts";
import type { RetainedCopy } from "../operations/find-retained-copy.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";
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
  /** It is as a failed run left it: nothing is held for this, and nothing is given back. */
  readonly kept: boolean;
  /** Whose it is, and for how long: `pcs-1 is held until the command has ended`. */
  readonly standing: string;
  connect(): Promise<SshConnection>;
  /** Aborts when the program is told to end, and when the lease is lost. */
  readonly signal: AbortSignal;
}

export interface ReachOptions {
  /** @defaultValue the only one */
  readonly machine: string | undefined;
  /** @defaultValue any */
  readonly copy?: string;
  /** Leaves alone what this user keeps. */
  readonly fresh?: true;
  /** When a lease that was taken for this is given back: `until you leave`. */
  readonly until: string;
}

/** Options of the verbs that do this. */
export const REACH = {
  copy: copyOption("the copy with this name; default: one that you keep, else any that is free"),
  fresh: {
    type: "boolean",
    help: "leaves what you keep of a failed run as it is, and waits for a copy at its baseline",
  },
} as const satisfies OptionSpecs;

/**
 * Hands on a machine of a copy that this user keeps, just as it is; else of one that is leased and
 * rolled back for this.
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
  // Loaded late, so that a help and a mistake are told at once.
  const { findRetainedCopy } = await import("../operations/find-retained-copy.ts");
  const [kept] = fresh === true ? [] : await findRetainedCopy({ ...opened, only: copy, say });
  if (kept !== undefined) return work(keptMachine(opened, kept, name, ended));
  return holdMachines(surroundings, { ...opened, only: copy }, async ({ claim, signal }) => {
    // The proof of the rollback, which ssh knows nothing of.
    await claim.connect(name);
    return work({
      name,
      folders,
      target: claim.target(name),
      kept: false,
      standing: `${claim.copy} is held ${until}`,
      connect: () => claim.connect(name),
      signal,
    });
  });
}

function keptMachine(
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
    standing: `${copy.copy} as it is ${kept.why}, ${kept.paused === true ? "yours" : "kept for you"} until ${time}; not rolled back (--fresh does)`,
    connect: async () => {
      const { dial } = await import("../ssh/connection.ts");
      return dial(target, { name, signal });
    },
    signal,
  };
}
