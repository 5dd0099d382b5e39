import type { Inventory, MachineStatus } from "../driver/inventory.ts";
import type { CopySpec } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { compareMachines, type Loss } from "./compare-machines.ts";
import type { StateSession } from "./state/state-session.ts";
import type { State } from "./state.ts";

/**
 * Refuses to continue when a machine of this copy is not in its state or belongs to another state.
 * Terraform would create the machine twice, or delete a machine of another owner.
 *
 * @throws VmrigError `STATE_LOST` with each such machine and its location
 */
export function refuseLostState(options: {
  readonly copy: CopySpec;
  readonly session: StateSession;
  readonly state: State | undefined;
  readonly lost: ReadonlyMap<MachineStatus, Loss>;
}): void {
  const { copy, session, state, lost } = options;
  if (lost.size === 0) return;
  const found =
    state === undefined
      ? "there is none"
      : `version ${session.version}, owner ${state.owner ?? "none"}`;
  throw new VmrigError("STATE_LOST", {
    message: `Found machines of "${copy.copy}" that do not belong to its Terraform state. vmrig changed nothing.`,
    details: [
      ...[...lost].map(([machine, { why }]) => `${describe(machine)}: ${why}`),
      `${session.shown}: ${found}`,
    ],
    hint: hintFor(options),
  });
}

/** Names only ways that work: a person's permission replaces no machine that may not be ours. */
function hintFor({ copy, state, lost }: Parameters<typeof refuseLostState>[0]): string {
  const destroy = `remove these machines with \`vmrig destroy ${copy.rig} --copy ${copy.copy}\``;
  const unreadable = [...lost.keys()].some((machine) => machine.unreadable !== undefined);
  const allowable = [...lost.values()].flatMap(({ allowable: address }) => address ?? []);
  const allow = allowable.map((address) => `--allow ${address}`).join(" ");
  const all = allowable.length === lost.size;
  if (unreadable)
    return `make these files readable, or put them back; or ${all ? `replace the machines: \`vmrig up ${allow}\`` : destroy}`;
  const restore =
    state === undefined
      ? "bring the state back: `vmrig state push` stores a copy of it"
      : "return to the right version of the state with `vmrig state rollback`";
  if (!all) return `${restore}, or ${destroy}`;
  return `${restore}, or to the config that describes these machines; or replace or delete them: \`vmrig up ${allow}\``;
}

/**
 * Returns the machines that exist and do not belong to the state, each with a one-line description.
 * Excludes machines that the next run takes over, or removes itself, those whose record cannot be
 * read, and those of this owner that the state has with another id: they are no orphans.
 */
export function unmanagedMachines(options: {
  readonly copy: CopySpec;
  readonly state: State | undefined;
  readonly inventory: Inventory;
  readonly applying: readonly string[];
}): readonly { readonly name: string; readonly what: string }[] {
  // The values of a machine's origin are known to a run only. A run takes over whatever matches.
  const declared = new Map(
    options.inventory.machines.flatMap(({ name, origin }) =>
      origin === undefined ? [] : [[name, origin.values]],
    ),
  );
  const { lost } = compareMachines({ ...options, declared });
  const inState = new Set(options.state?.resources.map(({ name }) => name));
  return [...lost]
    .filter(([{ unreadable }]) => unreadable === undefined)
    .filter(([machine]) => !(inState.has(machine.name) && machine.owner === options.state?.owner))
    .map(([machine, { why }]) => ({ name: machine.name, what: `${describe(machine)}: ${why}` }));
}

function describe({ name, power, address, location }: MachineStatus): string {
  const where = address === undefined ? "" : ` at ${address.host}:${address.port}`;
  return `${name}, ${power}${where}${location === undefined ? "" : `, ${location}`}`;
}
