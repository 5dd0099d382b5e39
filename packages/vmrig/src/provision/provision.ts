import { randomUUID } from "node:crypto";
import type { CopySpec, Fingerprint } from "../driver/driver.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { assertApplied } from "./assert-applied.ts";
import { adoptResources } from "./adoption/adopt-resources.ts";
import { compareMachines, existingMachines } from "./compare-machines.ts";
import { refuseLostState } from "./lost-state.ts";
import { checkPlan, type Changes, type PlanPolicyRules } from "./plan/plan-policy.ts";
import { planRefused } from "./plan/plan-refused.ts";
import { openStack, type Stack } from "./stack.ts";
import { OWNER_RESOURCE } from "./state-files.ts";
import type { State, StateStamp } from "./state.ts";
import { inspectState, type InspectStateOptions } from "./inspect-state.ts";

export interface ProvisionOptions extends InspectStateOptions {
  readonly fingerprint: Fingerprint;
  /** See `Driver.needsSecret`. */
  readonly secret?: string | undefined;
  /** Addresses that a person allowed to be replaced or deleted. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
  /** Addresses of machines to replace, also of those that seem intact. @defaultValue none */
  readonly replace?: ReadonlySet<string>;
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
 * A machine whose creation failed or was interrupted in an earlier run is recreated, and so is a
 * machine that an earlier run was replacing when it was killed. A complete machine of this owner
 * that the state lacks, or has as tainted or with another id, is taken over. Nothing else that exists is deleted or replaced, unless
 * its address is in `allow` or `replace`.
 *
 * @throws VmrigError `PLAN_REFUSED` when the plan would do more; nothing was touched
 * @throws VmrigError `STATE_LOST` when a machine does not belong to the state; nothing was touched
 * @throws VmrigError `STATE_UNSAVED`, `STATE_UNWRITABLE`, `TERRAFORM_MISSING`, `TERRAFORM_FAILED`
 * @throws the reason of `guard.signal`, after Terraform has saved its state
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { driver, copy, guard, say } = options;
  const asked = new Map<string, string | undefined>();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await provisionOnce({ ...options, attempt, asked });
    } catch (error) {
      guard.assertHeld();
      if (!isVmrigError(error) || error.code !== "TERRAFORM_FAILED") throw error;
      const failed = { attempt, messages: error.details };
      const next = await driver.alternative?.(copy, failed);
      if (next === undefined) throw error;
      say(`again: ${next}`);
    }
  }
}

async function provisionOnce(
  options: ProvisionOptions & {
    readonly attempt: number;
    /** Ids of the resources to replace, by address, before the first attempt. */
    readonly asked: Map<string, string | undefined>;
  },
): Promise<Provisioned> {
  const { driver, copy, guard, say, attempt, asked } = options;
  // 1. Compare what exists with the state.
  const inspected = await inspectState(options);
  const { state, inventory, session } = inspected;
  const owner = state?.owner ?? randomUUID();
  if (attempt === 0)
    for (const address of options.replace ?? []) asked.set(address, idOf(state, address));
  // An attempt that failed may have replaced some of them.
  const left = [...asked].filter(([address, id]) => idOf(state, address) === id);
  const replace = new Set(left.map(([address]) => address));
  const allow = new Set([...(options.allow ?? []), ...asked.keys()]);
  await using stack = await openStack({ ...options, ...inspected, owner });
  const { declared, disruptive, addresses } = stack.written;
  const { applying } = session;
  const isOfProvider = (name: string): boolean => driver.find !== undefined && !isLocal(name);
  const isLocal = (name: string): boolean =>
    declared.has(name) ||
    state?.resources.some(({ address }) => address === `terraform_data.${name}`) === true;
  const compared = compareMachines({
    ...options,
    ...inspected,
    applying,
    declared,
    isOfProvider,
    allow,
    replace,
  });
  refuseLostState({ copy, ...inspected, ...compared });
  const { again, vanished, takeOver } = compared;

  // 2. Plan, and check the plan.
  guard.assertHeld();
  const before = (): Promise<void> => session.ensureOwner(owner, state?.owner);
  const { interrupted, discard } = await adoptResources({
    ...options,
    ...inspected,
    allow,
    stack,
    before,
  });
  const known = new Set(addresses.values());
  const renewed = [
    ...[...replace].filter((address) => known.has(address)),
    ...[...vanished].filter((address) => allow.has(address)),
    ...[...again.keys()].filter((address) => declared.has(nameIn(address))),
  ];
  const flags = new Set(renewed.map((address) => `-replace=${address}`));
  const rules = {
    allow: new Set([...allow, ...again.keys(), ...interrupted]),
    vanished,
    disruptive,
  };
  const intact = state?.resources.filter(
    ({ name, tainted }) => !tainted && takeOver.includes(name),
  );
  await taintAll(
    { stack, copy, rules },
    (intact ?? []).map(({ address }) => address),
  );
  await using saved = await stack.plan([...flags]);
  const verdict = checkPlan(saved.plan, rules);
  if (!verdict.ok) throw planRefused(copy.copy, verdict.refused);
  const changes = machineChanges(verdict.changes);
  for (const [address, why] of again) say(`again: ${nameIn(address)} (${why})`);
  for (const address of changes.replaced.filter((each) => replace.has(each)))
    say(`replace: ${nameIn(address)}, with everything on its disk; its address may change`);
  for (const name of takeOver) say(`adopt: ${name} (it is complete, but not in the state)`);
  say(`plan: ${describe(changes, takeOver)}`);

  // 3. Record what the apply changes, because it may be killed at any time.
  const existing = existingMachines(inventory).map(({ name }) => name);
  const machines = new Set([...copy.machines.map(({ name }) => name), ...existing]);
  const removed = [...changes.replaced, ...changes.deleted].map(nameIn);
  if (saved.changed) {
    guard.assertHeld();
    const changed = [...changes.created.map(nameIn), ...removed].filter(
      (name) => machines.has(name) || isOfProvider(name),
    );
    await session.begin(changed, removed);
  }

  // 4. Remove what Terraform does not destroy: it runs no destroy step for a tainted resource, nor
  // for one that the config no longer has. This happens before the apply: a machine that is no
  // longer in the state is an orphan.
  const undeclared = existing.filter(
    (name) => removed.includes(name) && !declared.has(name) && !isOfProvider(name),
  );
  const unneeded = undeclared.map((name) => [name, "no longer in the config"] as const);
  for (const [name, why] of new Map([...unneeded, ...compared.remove])) {
    guard.assertHeld();
    say(`remove: ${name} (${why})`);
    await driver.remove({ copy, name }, guard);
  }

  await discard();

  // 5. Apply, and check that it is complete.
  if (saved.changed) {
    await driver.unprotect?.(copy, removed.filter(isOfProvider), guard);
    await saved.apply();
    await assertApplied({
      ...options,
      ...inspected,
      before: state,
      declared: addresses.keys(),
      changes,
    });
    say("apply: done");
  }
  guard.assertHeld();
  await session.complete();
  return { ...changes, stamp: { version: session.version, owner } };
}

/**
 * Taints the resources of machines that are taken over, because Terraform would run the destroy
 * step of an intact resource. Checks the plan first, so that a refused one changes nothing.
 */
async function taintAll(
  {
    stack,
    copy,
    rules,
  }: {
    readonly stack: Stack;
    readonly copy: CopySpec;
    readonly rules: PlanPolicyRules;
  },
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return;
  await using saved = await stack.plan(addresses.map((address) => `-replace=${address}`));
  const allow = new Set([...rules.allow, ...addresses]);
  const verdict = checkPlan(saved.plan, { ...rules, allow });
  if (!verdict.ok) throw planRefused(copy.copy, verdict.refused);
  for (const address of addresses) await stack.taint(address);
}

function idOf(state: State | undefined, address: string): string | undefined {
  return state?.resources.find((resource) => resource.address === address)?.id;
}

function nameIn(address: string): string {
  return address.slice(address.indexOf(".") + 1);
}

function machineChanges(changes: Changes): Changes {
  const kept = (addresses: readonly string[]): string[] =>
    addresses.filter((address) => address !== `terraform_data.${OWNER_RESOURCE}`).toSorted();
  return {
    created: kept(changes.created),
    adopted: kept(changes.adopted),
    updated: kept(changes.updated),
    replaced: kept(changes.replaced),
    deleted: kept(changes.deleted),
  };
}

/** Calls a take-over so, because Terraform's word for it would sound like a loss. */
function describe(changes: Changes, takeOver: readonly string[]): string {
  const adopted = [...changes.created, ...changes.replaced].filter((address) =>
    takeOver.includes(nameIn(address)),
  );
  const others = (addresses: readonly string[]): string[] =>
    addresses.filter((address) => !adopted.includes(address));
  const parts = Object.entries({
    adopt: [...adopted, ...changes.adopted],
    create: others(changes.created),
    update: changes.updated,
    replace: others(changes.replaced),
    delete: changes.deleted,
  })
    .filter(([, addresses]) => addresses.length > 0)
    .map(([what, addresses]) => `${what} ${addresses.join(", ")}`);
  return parts.length === 0 ? "no changes" : parts.join("; ");
}
