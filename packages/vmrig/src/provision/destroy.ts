import { randomUUID } from "node:crypto";
import { VmrigError } from "../errors/vmrig-error.ts";
import { discardLeftovers, refuseForeign } from "./adoption/adopt-resources.ts";
import { assertDestroyed } from "./assert-applied.ts";
import { existingMachines } from "./compare-machines.ts";
import { openStack } from "./stack.ts";
import { OWNER_RESOURCE } from "./state-files.ts";
import { inspectState, type StateInspection, type InspectStateOptions } from "./inspect-state.ts";

/**
 * Options of {@link destroy}. There is no fingerprint: destroying needs no image, and each destroy
 * step receives the input that its machine was created with.
 */
export interface DestroyOptions extends Omit<InspectStateOptions, "fingerprint"> {
  /** The rig's name, typed by a person. */
  readonly confirm: string;
  /** Owner of resources whose state is lost, typed by a person. */
  readonly owner?: string;
}

/**
 * Destroys all machines of a copy: first those in the state, through Terraform and their destroy
 * steps, then all others that the driver finds, such as half-created machines, machines that are
 * not in the state and machines of another owner. Also cleans up after a lost state.
 *
 * @returns addresses of the resources that Terraform destroyed, and names of the machines that only
 *   the driver found
 * @throws VmrigError `CONFIRMATION_MISSING` when `confirm` is not the rig's name
 * @throws the errors of `provision`, except `PLAN_REFUSED`
 */
export async function destroy(options: DestroyOptions): Promise<{ readonly destroyed: string[] }> {
  const { driver, copy, guard, confirm, say } = options;
  requireConfirmation(confirm, copy.rig);
  const inspected = await inspectState({ ...options, replaceDamaged: true });
  await refuseForeign({ ...options, ...inspected });
  const destroyed = await destroyState(options, inspected);
  destroyed.push(...(await discardLeftovers({ ...options, ...inspected })));

  for (const { name, location } of existingMachines(await driver.inspect(copy))) {
    guard.assertHeld();
    say(`remove: ${name}${location === undefined ? "" : `, ${location}`}`);
    await driver.remove({ copy, name }, guard);
    if (!inspected.state?.resources.some((resource) => resource.name === name))
      destroyed.push(name);
  }
  guard.assertHeld();
  await inspected.session.complete();
  return { destroyed };
}

/** @throws VmrigError `CONFIRMATION_MISSING` */
export function requireConfirmation(typed: string, rig: string): void {
  if (typed === rig) return;
  throw new VmrigError("CONFIRMATION_MISSING", {
    message: `To destroy "${rig}", confirm its name; got ${JSON.stringify(typed)}. vmrig changed nothing.`,
    hint: `run \`vmrig destroy ${rig}\``,
  });
}

async function destroyState(
  options: DestroyOptions,
  inspected: StateInspection,
): Promise<string[]> {
  const { state, inventory, files, session } = inspected;
  if (state === undefined || state.resources.length === 0) return [];
  const owner = state.owner ?? randomUUID();
  await using stack = await openStack({ ...options, ...inspected, owner });
  await using saved = await stack.plan(["-destroy"]);
  const addresses = state.resources
    .filter((resource) => resource.name !== OWNER_RESOURCE)
    .map((resource) => resource.address)
    .toSorted();
  options.say(`destroy: ${addresses.length === 0 ? "nothing" : addresses.join(", ")}`);
  const ofProviders = state.resources.filter(
    ({ address }) => !address.startsWith("terraform_data."),
  );
  const all = [...existingMachines(inventory), ...ofProviders].map(({ name }) => name);
  const changes = [...new Set(all)];
  options.guard.assertHeld();
  await session.begin(changes, changes);
  await options.driver.unprotect?.(
    options.copy,
    ofProviders.map(({ name }) => name),
    options.guard,
  );
  await saved.apply();
  await assertDestroyed(options.copy.copy, files, session);
  return addresses;
}
