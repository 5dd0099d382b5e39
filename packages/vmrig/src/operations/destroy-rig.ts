import { copySpecs } from "../config/copy-spec.ts";
import type { CopySpec } from "../driver/driver.ts";
import { availableNames } from "../errors/closest-name.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Lease } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import type { LeaseGuard } from "../provision/lease-guard.ts";
import type { destroy as Destroy } from "../provision/destroy.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { stepLine } from "../gate/step-line.ts";
import { forgetSecrets } from "../provision/state/secrets.ts";
import type { StateStore } from "../provision/state/state-store.ts";
import { openStates } from "../gate/store/open-states.ts";
import { openStore } from "../gate/store/open-store.ts";
import { surplusCopies } from "./surplus-copies.ts";
import { withLease } from "./with-lease.ts";

export interface DestroyRigOptions extends Pick<GateOptions, "rig" | "folders" | "holder" | "say"> {
  /** Name of the rig, as a person typed it. */
  readonly confirm: string;
  /** Name of the only copy to destroy. @defaultValue all copies */
  readonly only?: string;
  /** Owner of resources in a cloud whose state is lost, as the error names it. */
  readonly owner?: string;
  /** The key of the states is lost. @defaultValue false */
  readonly lostKey?: boolean;
  /** Leaves the queue, or ends Terraform, when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * Destroys the machines of a rig, or of one copy, for good, under the rig's lease: the machines of
 * Terraform's state, and those that are missing from the state. Also those of copies in an account
 * that the config no longer asks for.
 *
 * @throws VmrigError `CONFIRMATION_MISSING` when `confirm` is not the rig's name, `CONFIG_INVALID`
 *   when the rig has no copy `only`; nothing was touched
 */
export async function destroyRig(options: DestroyRigOptions): Promise<readonly string[]> {
  const { rig, folders, confirm } = options;
  const { destroy, requireConfirmation } = await import("../provision/destroy.ts");
  // Before the wait in the queue: an error after the wait would come much too late.
  requireConfirmation(confirm, rig.name);
  await using store = await openStore(rig, folders);
  await using states = await openStates(rig, folders);
  const { signal } = options;
  const surplus = await surplusCopies(rig, { folders, states, signal });
  const copies = pick([...(await copySpecs(rig, folders)), ...surplus], options);
  const destroyed: string[] = [];
  for (const copy of copies)
    destroyed.push(...(await destroyCopy(options, { copy, store, states, destroy })));
  return destroyed;
}

function pick(
  copies: readonly CopySpec[],
  { rig, only }: Pick<DestroyRigOptions, "rig" | "only">,
): readonly CopySpec[] {
  if (only === undefined) return copies;
  const picked = copies.filter(({ copy }) => copy === only);
  if (picked.length > 0) return picked;
  const names = copies.map(({ copy }) => copy);
  throw new VmrigError("CONFIG_INVALID", {
    message: `Rig "${rig.name}" has no copy "${only}".`,
    details: [availableNames(only, names)],
  });
}

interface Work {
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  readonly states: StateStore;
  readonly destroy: typeof Destroy;
}

interface LeasedWork extends Work {
  readonly guard: LeaseGuard;
  readonly lease: Lease;
}

/** Destroys one copy, also one that the config no longer asks for. */
export async function destroyCopy(
  options: DestroyRigOptions,
  work: Work,
): Promise<readonly string[]> {
  const { copy, store } = work;
  return withLease({ ...options, copy, store }, (guard, lease) =>
    destroyLeased(options, { ...work, guard, lease }),
  );
}

/** Destroys one copy whose lease is held. */
export async function destroyLeased(
  options: Omit<DestroyRigOptions, "folders" | "signal">,
  { copy, store, states, destroy, guard, lease }: LeasedWork,
): Promise<readonly string[]> {
  const { rig, holder, say, confirm, owner, lostKey = false } = options;
  const { destroyed } = await destroy({
    driver: rig.driver,
    copy,
    guard,
    states,
    by: holder,
    confirm,
    lostKey,
    ...(owner !== undefined && { owner }),
    say: (line) => say(stepLine(line)),
  });
  // With a key that is lost, nothing can log in by them.
  if (!lostKey) await forgetSecrets({ store: states, copy, fence: guard.fence, by: holder });
  await store.dropRecord(lease);
  return destroyed;
}
