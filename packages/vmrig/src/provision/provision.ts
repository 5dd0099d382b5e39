import { randomUUID } from "node:crypto";
import type { Fingerprint } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { assertApplied } from "./assert-applied.ts";
import { existingMachines, refuseLostState, vanishedAddresses } from "./lost-state.ts";
import { checkPlan, type Changes } from "./plan/plan-policy.ts";
import { planRefused } from "./plan/plan-refused.ts";
import { openStack, type Stack } from "./stack.ts";
import { OWNER_RESOURCE } from "./state-files.ts";
import { readStateStamp, type StateStamp } from "./state-stamp.ts";
import { inspectState, type StateInspection, type InspectStateOptions } from "./inspect-state.ts";

export interface ProvisionOptions extends InspectStateOptions {
  readonly fingerprint: Fingerprint;
  /** Addresses that a person allowed to be replaced or deleted. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
  /**
   * Whether to replace the machines in `allow` even if they seem intact, because their copy was
   * found broken.
   *
   * @defaultValue false
   */
  readonly replaceAllowed?: boolean;
}

/**
 * Addresses (`terraform_data.pc1`) by the change that was made. All empty when nothing changed.
 */
export interface Provisioned extends Changes {
  readonly stamp: StateStamp;
}

/**
 * Makes the machines of a copy exist: `init → plan → plan policy → apply` of that plan. A second
 * run changes nothing.
 *
 * A machine whose creation failed or was interrupted in an earlier run is recreated. Nothing else
 * that exists is deleted or replaced, unless its address is in `allow`.
 *
 * @throws VmrigError `PLAN_REFUSED` when the plan would do more; nothing was touched
 * @throws VmrigError `STATE_LOST` when a machine does not belong to the state; nothing was touched
 * @throws VmrigError `STATE_UNSAVED`, `STATE_UNWRITABLE`, `TERRAFORM_MISSING`, `TERRAFORM_FAILED`
 * @throws the reason of `guard.signal`, after Terraform has saved its state
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { copy, say, allow = new Set(), replaceAllowed = false } = options;
  const inspected = await inspectState(options);
  const { state, inventory } = inspected;
  await refuseLostState({ copy, ...inspected });
  const vanished = vanishedAddresses(copy, state, inventory);

  const stack = await openStack({ ...options, ...inspected, owner: state?.owner ?? randomUUID() });
  const replaced = replaceAllowed ? allow : [...vanished].filter((address) => allow.has(address));
  await using saved = await stack.plan([...replaced].map((address) => `-replace=${address}`));
  const verdict = checkPlan(saved.plan, { allow, vanished });
  if (!verdict.ok) throw planRefused(copy.copy, verdict.refused);

  const changes = machineChanges(verdict.changes);
  say(`plan: ${describe(changes)}`);
  if (saved.changed) {
    await removeLeftovers(options, inspected, stack);
    await saved.apply();
    const { declared: resources } = stack;
    await assertApplied({ copy: copy.copy, files: inspected.files, resources });
    say("apply: done");
  }
  return { ...changes, stamp: await stampOf(options) };
}

/**
 * Removes machines that Terraform does not destroy: it runs no destroy step for a tainted resource,
 * nor for a resource that the config no longer has. The plan replaces the former and deletes the
 * latter. The removal runs before apply, because a machine that is no longer in the state is an
 * orphan.
 */
async function removeLeftovers(
  options: ProvisionOptions,
  inspected: StateInspection,
  stack: Stack,
): Promise<void> {
  const { driver, copy, guard, say } = options;
  for (const { name } of existingMachines(inspected.inventory)) {
    const known = inspected.state?.resources.find((resource) => resource.name === name);
    if (known === undefined || (!known.tainted && stack.declared.has(name))) continue;
    guard.assertHeld();
    say(
      `remove: ${name} (${known.tainted ? "its creation was interrupted" : "no longer in the config"})`,
    );
    await driver.remove({ copy, name }, guard);
  }
}

function machineChanges(changes: Changes): Changes {
  const kept = (addresses: readonly string[]): string[] =>
    addresses.filter((address) => address !== `terraform_data.${OWNER_RESOURCE}`).toSorted();
  return {
    created: kept(changes.created),
    updated: kept(changes.updated),
    replaced: kept(changes.replaced),
    deleted: kept(changes.deleted),
  };
}

function describe({ created, updated, replaced, deleted }: Changes): string {
  const parts = Object.entries({
    create: created,
    update: updated,
    replace: replaced,
    delete: deleted,
  })
    .filter(([, addresses]) => addresses.length > 0)
    .map(([what, addresses]) => `${what} ${addresses.join(", ")}`);
  return parts.length === 0 ? "no changes" : parts.join("; ");
}

async function stampOf({ copy }: ProvisionOptions): Promise<StateStamp> {
  const stamp = await readStateStamp(copy);
  if (stamp !== undefined) return stamp;
  throw new VmrigError("INTERNAL", {
    message: `Terraform applied the plan of "${copy.copy}" but left no state.`,
  });
}
