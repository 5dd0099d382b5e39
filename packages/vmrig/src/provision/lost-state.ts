import type { CopySpec, Inventory, MachineStatus } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { compareMachines, knownOwner, type Loss } from "./compare-machines.ts";
import type { ApplyRecord } from "./apply-record.ts";
import type { StateFiles } from "./state-files.ts";
import { readState, type State } from "./state.ts";

/**
 * Refuses to continue when a machine of this copy is not in its state or belongs to another state.
 * Terraform would create the machine twice, or delete a machine of another owner.
 *
 * @throws VmrigError `STATE_LOST` with each such machine and its location
 */
export async function refuseLostState(options: {
  readonly copy: CopySpec;
  readonly files: StateFiles;
  readonly state: State | undefined;
  readonly empty: boolean;
  readonly lost: ReadonlyMap<MachineStatus, Loss>;
}): Promise<void> {
  const { copy, files, state, empty, lost } = options;
  if (lost.size === 0) return;
  const backup = await readState(files.backup).catch(() => undefined);
  const found = state === undefined ? (empty ? EMPTY : "missing") : describeState(state);
  throw new VmrigError("STATE_LOST", {
    message: `Found machines of "${copy.copy}" that do not belong to its Terraform state. vmrig changed nothing.`,
    details: [
      ...[...lost].map(([machine, { why }]) => `${describe(machine)}: ${why}`),
      `state: ${files.state}, ${found}`,
      ...(backup === undefined ? [] : [`backup: ${files.backup}, ${describeState(backup)}`]),
    ],
    hint: hintFor(options),
  });
}

/** Names only ways that work: a person's permission replaces no machine that may not be ours. */
function hintFor({ copy, files, lost }: Parameters<typeof refuseLostState>[0]): string {
  const destroy = `remove these machines with \`vmrig destroy ${copy.rig}\``;
  const unreadable = [...lost.keys()].some((machine) => machine.unreadable !== undefined);
  const allowable = [...lost.values()].flatMap(({ allowable: address }) => address ?? []);
  const allow = allowable.map((address) => `--allow ${address}`).join(" ");
  const all = allowable.length === lost.size;
  if (unreadable)
    return `make these files readable, or put them back; or ${all ? `replace the machines: \`vmrig up ${allow}\`` : destroy}`;
  if (!all) return `restore the right state at ${files.state}, or ${destroy}`;
  return `restore the right state at ${files.state}, or the config that describes these machines; or replace or delete them: \`vmrig up ${allow}\``;
}

/**
 * Returns the machines that exist and do not belong to the state, each with a one-line description.
 * Excludes machines that the next run takes over, or removes itself, those whose record cannot be
 * read, and those of this owner that the state has with another id: they are no orphans.
 */
export function unmanagedMachines(options: {
  readonly copy: CopySpec;
  readonly state: State | undefined;
  readonly empty: boolean;
  readonly inventory: Inventory;
  readonly last: ApplyRecord | undefined;
}): readonly { readonly name: string; readonly what: string }[] {
  // The values of a machine's origin are known to a run only. A run takes over whatever matches.
  const declared = new Map(
    options.inventory.machines.flatMap(({ name, origin }) =>
      origin === undefined ? [] : [[name, origin.values]],
    ),
  );
  const { lost } = compareMachines({ ...options, declared });
  const owner = knownOwner(options.state, options.last);
  const inState = new Set(options.state?.resources.map(({ name }) => name));
  return [...lost]
    .filter(([{ unreadable }]) => unreadable === undefined)
    .filter(([machine]) => !(inState.has(machine.name) && machine.owner === owner))
    .map(([machine, { why }]) => ({ name: machine.name, what: `${describe(machine)}: ${why}` }));
}

const EMPTY = "empty: a Terraform or OpenTofu was killed before it saved the first state";

function describe({ name, power, address, location }: MachineStatus): string {
  const where = address === undefined ? "" : ` at ${address.host}:${address.port}`;
  return `${name}, ${power}${where}${location === undefined ? "" : `, ${location}`}`;
}

function describeState(state: State): string {
  return `serial ${state.serial}, owner ${state.owner ?? "none"}`;
}
