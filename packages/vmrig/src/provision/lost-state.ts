import type { CopySpec, Inventory, MachineStatus } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { StateFiles } from "./state-files.ts";
import { readState, type State } from "./state.ts";

/**
 * Refuses to continue when machines of this copy exist that are not in its state, or that another
 * state created. Terraform would create them twice, or delete machines of another owner.
 *
 * @throws VmrigError `STATE_LOST` with each such machine and its location
 */
export async function refuseLostState(options: {
  readonly copy: CopySpec;
  readonly files: StateFiles;
  readonly state: State | undefined;
  readonly inventory: Inventory;
}): Promise<void> {
  const { copy, files, state, inventory } = options;
  const strangers = strangersOf(state, inventory).map(({ what }) => what);
  if (strangers.length === 0) return;
  const backup = await readState(files.backup).catch(() => undefined);
  throw new VmrigError("STATE_LOST", {
    message: `Machines of "${copy.copy}" exist that its Terraform state did not create; nothing was touched.`,
    details: [
      ...strangers,
      `state: ${files.state}, ${describeState(state)}`,
      ...(backup === undefined
        ? []
        : [`the state before it: ${files.backup}, ${describeState(backup)}`]),
    ],
    hint: `restore the right state at ${files.state}, or remove these machines with \`vmrig destroy ${copy.rig}\``,
  });
}

/**
 * Returns the machines that exist and that the state did not create, each with a one-line
 * description.
 */
export function strangersOf(
  state: State | undefined,
  inventory: Inventory,
): readonly { readonly name: string; readonly what: string }[] {
  return existing(inventory).flatMap((machine) => {
    const why = whyStrange(machine, state);
    return why === undefined ? [] : [{ name: machine.name, what: `${describe(machine)}: ${why}` }];
  });
}

/**
 * Returns the addresses of machines that are in the state and do not exist any more. A machine
 * whose creation was interrupted is not included, because it never existed.
 */
export function vanishedAddresses(
  copy: CopySpec,
  state: State | undefined,
  inventory: Inventory,
): ReadonlySet<string> {
  const there = new Set(existing(inventory).map((machine) => machine.name));
  const gone = new Set(
    copy.machines.map((machine) => machine.name).filter((name) => !there.has(name)),
  );
  const resources = (state?.resources ?? []).filter(
    (resource) => gone.has(resource.name) && !resource.tainted,
  );
  return new Set(resources.map((resource) => resource.address));
}

export function existing(inventory: Inventory): readonly MachineStatus[] {
  return inventory.machines.filter((machine) => machine.power !== "absent");
}

function whyStrange(machine: MachineStatus, state: State | undefined): string | undefined {
  if (state === undefined) return "there is no state";
  if (machine.owner !== undefined && machine.owner !== state.owner)
    return `it belongs to the state of ${machine.owner}`;
  return state.resources.some((resource) => resource.name === machine.name)
    ? undefined
    : "it is not in the state";
}

function describe({ name, power, address, whereabouts }: MachineStatus): string {
  const where = address === undefined ? "" : ` at ${address.host}:${address.port}`;
  return `${name}, ${power}${where}${whereabouts === undefined ? "" : `, ${whereabouts}`}`;
}

function describeState(state: State | undefined): string {
  if (state === undefined) return "missing";
  return `serial ${state.serial}, owner ${state.owner ?? "none"}`;
}
