import type { CopySpec, Driver } from "../../driver/driver.ts";
import type { FoundResource } from "../../driver/found-resource.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { compareResources, type LostResource } from "./compare-resources.ts";
import type { LeaseGuard } from "../lease-guard.ts";
import type { Stack } from "../stack.ts";
import type { State } from "../state.ts";
import type { StateSession } from "../state/state-session.ts";

export interface AdoptOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  readonly guard: LeaseGuard;
  readonly say: (line: string) => void;
  readonly allow: ReadonlySet<string>;
  readonly session: StateSession;
  readonly state: State | undefined;
  readonly stack: Stack;
}

export interface Adoption {
  /** Addresses that a killed apply left gone or half-replaced, which a run may create again. */
  readonly interrupted: readonly string[];
  /** Deletes what was never finished, or what a person allowed. Call it before the apply. */
  readonly discard: () => Promise<void>;
}

/**
 * Makes the next plan of a stack adopt what exists under the labels of the copy and the state
 * lacks, instead of creating it a second time.
 *
 * @throws VmrigError `STATE_LOST` for what belongs to another owner, or may be in use, and when
 *   nothing of the state is in the account; nothing was touched
 */
export async function adoptResources(
  options: AdoptOptions & {
    /** Called when nothing is lost, before the first change. */
    readonly before: () => Promise<void>;
  },
): Promise<Adoption> {
  const { driver, copy, guard, say, session, stack, before } = options;
  if (driver.find === undefined) {
    await before();
    return { interrupted: [], discard: async () => {} };
  }
  const found = await driver.find(copy, { signal: guard.signal, say });
  if (found.length === 0)
    refuseOtherAccount(
      options,
      (destroy) =>
        `use the token of the project that has them; with this one, \`--allow\` would create a second rig. If it was all deleted by hand, confirm that with ${destroy}, and run again`,
    );
  const declared = new Set(stack.written.addresses.values());
  const compared = compareResources({
    ...options,
    found,
    declared,
    applying: session.applying,
  });
  if (compared.lost.size > 0)
    throw lostResources(copy, session, compared.lost, options.state?.owner);
  guard.assertHeld();
  await before();
  const discard = async (): Promise<void> => {
    for (const [resource, why] of [...compared.discard].toReversed()) {
      guard.assertHeld();
      say(`remove: ${resource.address}, ${resource.location} (${why})`);
      await driver.discard?.(copy, resource, guard);
    }
  };
  const { interrupted } = compared;
  if (compared.adopt.size === 0) return { interrupted, discard };
  for (const address of compared.adopt.keys())
    say(`adopt: ${address} (it exists, but is not in the state)`);
  await stack.adopt(compared.adopt);
  for (const address of compared.forget) await stack.forget(address);
  return { interrupted, discard };
}

function describeWays(allow: readonly string[]): string {
  return `return to the config that describes them; or delete them: \`vmrig up ${allow.join(" ")}\``;
}

function hintFor(
  copy: CopySpec,
  lost: readonly FoundResource[],
  known: string | undefined,
): string {
  const owners = [...new Set(lost.map(({ owner }) => owner))];
  if (owners.length !== 1 || owners[0] === undefined)
    return "find out which rigs created them. Two rigs with one name must not share an account";
  if (owners[0] === known) return "delete the one that is too many by hand";
  return `if their state is lost, destroy them: \`${destroyCommand(copy, owners[0])}\`. If it is that of another rig with this name, use another account`;
}

/** Destroys one copy: the others of the rig may be well. */
function destroyCommand({ rig, copy }: CopySpec, owner: string): string {
  return `vmrig destroy ${rig} --copy ${copy} --owner ${owner}`;
}

function lostResources(
  copy: CopySpec,
  session: StateSession,
  lost: ReadonlyMap<FoundResource, LostResource>,
  known: string | undefined,
): VmrigError {
  const allow = [...lost]
    .filter(([, { allowable }]) => allowable === true)
    .map(([{ address }]) => `--allow ${address}`);
  return new VmrigError("STATE_LOST", {
    message: `Found resources of "${copy.copy}" that do not belong to its Terraform state. vmrig changed nothing.`,
    details: [
      ...[...lost].map(([{ address, location }, { why }]) => `${address}, ${location}: ${why}`),
      `${session.shown}: version ${session.version}`,
    ],
    hint: allow.length === lost.size ? describeWays(allow) : hintFor(copy, [...lost.keys()], known),
  });
}

type FindOptions = Omit<AdoptOptions, "stack" | "allow"> & {
  /** Owner that a person named, because the state that had it is lost. */
  readonly owner?: string | undefined;
};

/**
 * Refuses to destroy a copy while resources of another owner have its labels, and while none of its
 * resources are in the account. Call it before the state is destroyed: with its resources, the
 * state loses the owner that tells them apart.
 *
 * @throws VmrigError `STATE_LOST`; nothing was touched
 */
export async function refuseForeign(options: FindOptions): Promise<void> {
  const { driver, copy, guard, say, session, state } = options;
  if (driver.find === undefined) return;
  const found = await driver.find(copy, { signal: guard.signal, say });
  if (found.length === 0)
    refuseOtherAccount(
      options,
      (destroy) => `check the token. If it was all deleted by hand, confirm that: ${destroy}`,
    );
  const foreign = found.filter((resource) => !isOurs(resource, options));
  if (foreign.length === 0) return;
  const why = (owner = "none"): string => `it belongs to the state of ${owner}`;
  const lost = new Map(foreign.map((resource) => [resource, { why: why(resource.owner) }]));
  throw lostResources(copy, session, lost, state?.owner);
}

/**
 * With the credentials of another account, Terraform takes everything for deleted. It would forget
 * it, or create it a second time, while the first one goes on existing and no state has it.
 *
 * @param hintWith gets the command by which a person confirms that it was all deleted
 */
function refuseOtherAccount(
  { copy, session, state, owner }: Omit<FindOptions, "driver" | "guard" | "say">,
  hintWith: (destroy: string) => string,
): void {
  const lost = (state?.resources ?? []).filter(
    ({ address }) => !address.startsWith("terraform_data."),
  );
  // A destroy or a replacement that was killed may have deleted them, and not written its state.
  const isUnexplained = lost.some(({ name }) => !session.removing.includes(name));
  if (!isUnexplained || owner === state?.owner) return;
  throw new VmrigError("STATE_LOST", {
    message: `Nothing of "${copy.copy}" is in this account, so its token seems to be that of another project than the state. vmrig changed nothing.`,
    details: [
      ...lost.map(({ address, id }) => `${address}, ${id}: it is not there`),
      `${session.shown}: version ${session.version}`,
    ],
    hint: hintWith(`\`${destroyCommand(copy, state?.owner ?? "OWNER")}\``),
  });
}

/** Without a known owner nothing is ours: no state may mean that there never was one here. */
function isOurs({ owner }: FoundResource, options: FindOptions): boolean {
  return owner !== undefined && (owner === options.state?.owner || owner === options.owner);
}

/**
 * Deletes what a destroyed stack left behind: resources that a killed run created, and those of the
 * owner that a person named.
 *
 * @returns addresses of the deleted resources
 */
export async function discardLeftovers(options: FindOptions): Promise<readonly string[]> {
  const { driver, copy, guard, say } = options;
  if (driver.find === undefined) return [];
  const found = await driver.find(copy, { signal: guard.signal, say });
  const ours = found.filter((resource) => isOurs(resource, options));
  for (const resource of ours.toReversed()) {
    guard.assertHeld();
    say(`remove: ${resource.address}, ${resource.location}`);
    await driver.discard?.(copy, resource, guard);
  }
  return ours.map(({ address }) => address);
}
