import type { Inventory, MachineStatus } from "../driver/inventory.ts";
import type { CopySpec } from "../driver/driver.ts";
import type { State, StateResource } from "./state.ts";

/** What to do with the machines of a copy before and during the next apply. */
export interface Comparison {
  /**
   * Addresses that are created again although the state has them as intact, each with the reason.
   * No test can have used these machines, or a person allowed it.
   */
  readonly again: ReadonlyMap<string, string>;
  /**
   * Names of machines that the driver removes, each with the reason, because Terraform has no
   * destroy step for them. No test can have used these machines, or a person allowed it.
   */
  readonly remove: ReadonlyMap<string, string>;
  /**
   * Names of complete machines that the state lacks, or has as tainted or with another id. Their
   * create steps take them over.
   */
  readonly takeOver: readonly string[];
  /** Machines that the state should have and does not. */
  readonly lost: ReadonlyMap<MachineStatus, Loss>;
  /** Addresses of machines that are in the state, and that were removed outside of vmrig. */
  readonly vanished: ReadonlySet<string>;
}

export interface Loss {
  readonly why: string;
  /** Address that a person may allow to be replaced, because the machine is certainly ours. */
  readonly allowable?: string;
}

export interface CompareOptions {
  readonly copy: CopySpec;
  readonly state: State | undefined;
  readonly inventory: Inventory;
  /** Names of machines that an apply that has not succeeded may have changed. */
  readonly applying: readonly string[];
  /** Names of the declared resources, each with the values of its origin. */
  readonly declared: ReadonlyMap<string, string>;
  /** Whether a machine is a resource of a provider: Terraform notices its loss. @defaultValue none */
  readonly isOfProvider?: (name: string) => boolean;
  /** Addresses that a person allowed to be replaced or deleted. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
  /** Addresses of machines to replace instead of taking them over. @defaultValue none */
  readonly replace?: ReadonlySet<string>;
}

type Verdict =
  | { readonly is: "fine" | "to take over" }
  | { readonly is: "to create again" | "to remove"; readonly why: string }
  | ({ readonly is: "lost" } & Loss);

const FINE: Verdict = { is: "fine" };
const INTERRUPTED = "its creation or removal was interrupted";
const UNKNOWN =
  "it has no record, and neither the state nor the config has it; if it is no machine, move it away";
const UNSAVED = "a killed apply created it and did not save the state";

/**
 * Compares the machines that really exist with the state. The state alone proves nothing after a
 * killed apply: OpenTofu saves it at the end, and Terraform may have saved a machine that was still
 * being created. So the machine's own record decides: it is written when the machine is complete,
 * and has the id of the resource that created it.
 */
export function compareMachines(options: CompareOptions): Comparison {
  const { state, inventory } = options;
  const again = new Map<string, string>();
  const remove = new Map<string, string>();
  const takeOver: string[] = [];
  const lost = new Map<MachineStatus, Loss>();
  const { isOfProvider = () => false } = options;
  for (const machine of existingMachines(inventory)) {
    const { name } = machine;
    if (isOfProvider(name)) continue;
    const resource = state?.resources.find((candidate) => candidate.name === name);
    const verdict = judge(machine, resource, options);
    if (verdict.is === "to take over") takeOver.push(name);
    if (verdict.is === "lost") lost.set(machine, verdict);
    if (verdict.is === "to create again" && resource !== undefined)
      again.set(resource.address, verdict.why);
    // Terraform runs no destroy step for a resource that the config no longer has.
    if (
      verdict.is === "to remove" ||
      (verdict.is === "to create again" && !options.declared.has(name))
    )
      remove.set(name, verdict.why);
  }
  const vanished = new Set<string>();
  for (const { name, address } of goneMachines(options)) {
    if (isOfProvider(name)) continue;
    if (options.applying.includes(name)) again.set(address, INTERRUPTED);
    else vanished.add(address);
  }
  return { again, remove, takeOver, lost, vanished };
}

function judge(
  machine: MachineStatus,
  resource: StateResource | undefined,
  options: CompareOptions,
): Verdict {
  const { state, applying, declared } = options;
  const { name, owner, origin } = machine;
  if (machine.unreadable !== undefined) return judgeUnreadable(machine, resource, options);
  if (machine.incomplete) {
    if (resource !== undefined && !resource.tainted)
      return { is: "to create again", why: INTERRUPTED };
    if (resource === undefined && !declared.has(name) && !applying.includes(name))
      return { is: "lost", why: UNKNOWN };
    // A create step removes the remains of an interrupted attempt itself.
    return declared.has(name) && resource === undefined
      ? FINE
      : { is: "to remove", why: INTERRUPTED };
  }
  if (state === undefined) return { is: "lost", why: "there is no state" };
  const known = state.owner;
  if (owner !== undefined && known !== undefined && owner !== known)
    return { is: "lost", why: `it belongs to the state of ${owner}` };
  if (resource !== undefined && !resource.tainted) {
    // A driver that cannot tell what it created relies on the state alone.
    if (origin === undefined || origin.resource === resource.id) return FINE;
  }
  return judgeStranger(machine, resource, { ...options, owned: owner === known });
}

/** Refuses a machine that may have been used, unless its record is readable and a person allows it. */
function judgeUnreadable(
  { owner, unreadable }: MachineStatus,
  resource: StateResource | undefined,
  { state, allow }: CompareOptions,
): Verdict {
  const why = `it cannot be read: ${unreadable}`;
  if (resource === undefined || owner === undefined || owner !== state?.owner)
    return { is: "lost", why };
  const { address, tainted } = resource;
  if (allow?.has(address) !== true) return { is: "lost", why, allowable: address };
  return { is: tainted ? "to remove" : "to create again", why };
}

/** Judges a complete machine that is not, or not intact, in the state. */
function judgeStranger(
  { name, origin, owner, snapshots }: MachineStatus,
  resource: StateResource | undefined,
  options: CompareOptions & { readonly owned: boolean },
): Verdict {
  const { declared, allow, replace } = options;
  const owned = owner !== undefined && options.owned;
  const address = resource?.address ?? `terraform_data.${name}`;
  const allowed = allow?.has(address) === true;
  const asDeclared = origin !== undefined && origin.values === declared.get(name);
  if (owned && asDeclared && replace?.has(address) !== true) return { is: "to take over" };
  // Without an owner and an origin, and outside of the state, it may be a machine of anything.
  const ours = resource !== undefined || (owned && origin !== undefined);
  const destroys = resource !== undefined && !resource.tainted;
  // Terraform runs the destroy step of an intact resource, and none of a tainted one.
  const is = destroys ? "to create again" : "to remove";
  if (ours && snapshots.length === 0) return { is, why: resource?.tainted ? INTERRUPTED : UNSAVED };
  if (ours && allowed) return { is, why: "its replacement or removal is allowed" };
  const what = destroys
    ? "it was created again after this version of the state"
    : resource !== undefined
      ? "its resource is tainted"
      : "it is not in the state";
  if (!owned || origin === undefined)
    return { is: "lost", why: `${what}, and nothing says who created it` };
  const config = declared.has(name) ? "describes another machine" : "does not have it";
  return { is: "lost", why: `${what}, and the config ${config}`, allowable: address };
}

/** Returns the resources of machines that are in the state as intact and do not exist. */
function goneMachines({ copy, state, inventory, applying }: CompareOptions): StateResource[] {
  const existing = new Set(existingMachines(inventory).map(({ name }) => name));
  const expected = new Set([...copy.machines.map(({ name }) => name), ...applying]);
  return (state?.resources ?? []).filter(
    ({ name, tainted }) => !tainted && expected.has(name) && !existing.has(name),
  );
}

export function existingMachines(inventory: Inventory): readonly MachineStatus[] {
  return inventory.machines.filter((machine) => machine.power !== "absent");
}
