import type { CopySpec, Inventory, MachineStatus } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { StateFiles } from "./state-files.ts";
import { readState, type State } from "./state.ts";

/**
 * Stops when there are machines of this copy that its state does not know, or that another state
 * made. Terraform would make them a second time, or delete what is not its own.
 *
 * @throws VmrigError `STATE_LOST` with each such machine and where it is
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
    message: `Machines of "${copy.copy}" exist that its Terraform state did not make; nothing was touched.`,
    details: [
      ...strangers,
      `state: ${files.state}, ${describeState(state)}`,
      ...(backup === undefined
        ? []
        : [`the state before it: ${files.backup}, ${describeState(backup)}`]),
    ],
    hint: `put the right state back at ${files.state}, or remove these machines with \`vmrig destroy ${copy.rig}\``,
  });
}

/**
 * Machines that exist and that the state did not make, with what there is to say of each on one
 * line.
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
 * Addresses of machines that the state has and that are gone. One whose making was cut off is not
 * gone, it never was.
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
    : "the state does not know it";
}

function describe({ name, power, address, whereabouts }: MachineStatus): string {
  const where = address === undefined ? "" : ` at ${address.host}:${address.port}`;
  return `${name}, ${power}${where}${whereabouts === undefined ? "" : `, ${whereabouts}`}`;
}

function describeState(state: State | undefined): string {
  if (state === undefined) return "missing";
  return `serial ${state.serial}, of ${state.owner ?? "nobody"}`;
}
