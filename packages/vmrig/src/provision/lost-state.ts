import type { CopySpec, Inventory, MachineStatus } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
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
  readonly inventory: Inventory;
}): Promise<void> {
  const { copy, files, state, inventory } = options;
  const unmanaged = unmanagedMachines(state, inventory).map(({ what }) => what);
  if (unmanaged.length === 0) return;
  const backup = await readState(files.backup).catch(() => undefined);
  throw new VmrigError("STATE_LOST", {
    message: `Found machines of "${copy.copy}" that do not belong to its Terraform state. vmrig changed nothing.`,
    details: [
      ...unmanaged,
      `state: ${files.state}, ${describeState(state)}`,
      ...(backup === undefined ? [] : [`backup: ${files.backup}, ${describeState(backup)}`]),
    ],
    hint: `restore the right state at ${files.state}, or remove these machines with \`vmrig destroy ${copy.rig}\``,
  });
}

/**
 * Returns the machines that exist and do not belong to the state, each with a one-line description.
 */
export function unmanagedMachines(
  state: State | undefined,
  inventory: Inventory,
): readonly { readonly name: string; readonly what: string }[] {
  return existingMachines(inventory).flatMap((machine) => {
    const why = whyUnmanaged(machine, state);
    return why === undefined ? [] : [{ name: machine.name, what: `${describe(machine)}: ${why}` }];
  });
}

/**
 * Returns the addresses of machines that are in the state but no longer exist. Excludes a machine
 * whose creation was interrupted, because it never existed.
 */
export function vanishedAddresses(
  copy: CopySpec,
  state: State | undefined,
  inventory: Inventory,
): ReadonlySet<string> {
  const existing = new Set(existingMachines(inventory).map((machine) => machine.name));
  const gone = new Set(
    copy.machines.map((machine) => machine.name).filter((name) => !existing.has(name)),
  );
  const resources = (state?.resources ?? []).filter(
    (resource) => gone.has(resource.name) && !resource.tainted,
  );
  return new Set(resources.map((resource) => resource.address));
}

export function existingMachines(inventory: Inventory): readonly MachineStatus[] {
  return inventory.machines.filter((machine) => machine.power !== "absent");
}

function whyUnmanaged(machine: MachineStatus, state: State | undefined): string | undefined {
  if (state === undefined) return "there is no state";
  if (machine.owner !== undefined && machine.owner !== state.owner)
    return `it belongs to the state of ${machine.owner}`;
  return state.resources.some((resource) => resource.name === machine.name)
    ? undefined
    : "it is not in the state";
}

function describe({ name, power, address, location }: MachineStatus): string {
  const where = address === undefined ? "" : ` at ${address.host}:${address.port}`;
  return `${name}, ${power}${where}${location === undefined ? "" : `, ${location}`}`;
}

function describeState(state: State | undefined): string {
  if (state === undefined) return "missing";
  return `serial ${state.serial}, owner ${state.owner ?? "none"}`;
}
