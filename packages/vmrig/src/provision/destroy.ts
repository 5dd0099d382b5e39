import { randomUUID } from "node:crypto";
import { VmrigError } from "../errors/vmrig-error.ts";
import { existing } from "./lost-state.ts";
import { openStack } from "./stack.ts";
import { OWNER_RESOURCE } from "./state-files.ts";
import { inspectState, type StateInspection, type InspectStateOptions } from "./inspect-state.ts";

/**
 * Without the fingerprint: what is destroyed needs no image any more, and each destroy step gets
 * what its machine was made as.
 */
export interface DestroyOptions extends Omit<InspectStateOptions, "fingerprint"> {
  /** The rig's name, typed out by a person. */
  readonly confirm: string;
}

/**
 * Ends all machines of a copy: those of the state through Terraform and their destroy steps, then
 * whatever the driver still finds, be it half made, unknown to the state or of another owner. This
 * is how a person clears up after a lost state.
 *
 * @returns addresses of what Terraform destroyed, and plain names of the machines that only the
 *   driver knew
 * @throws VmrigError `CONFIRMATION_MISSING` when `confirm` is not the rig's name
 * @throws what `provision` throws, but `PLAN_REFUSED`
 */
export async function destroy(options: DestroyOptions): Promise<{ readonly destroyed: string[] }> {
  const { driver, copy, warrant, confirm, say } = options;
  requireConfirmation(confirm, copy.rig);
  const surveyed = await inspectState(options);
  const destroyed = await destroyState(options, surveyed);

  for (const { name, whereabouts } of existing(await driver.inspect(copy))) {
    warrant.assertHeld();
    say(`remove: ${name}${whereabouts === undefined ? "" : `, ${whereabouts}`}`);
    await driver.remove({ copy, name }, warrant);
    if (!surveyed.state?.resources.some((resource) => resource.name === name)) destroyed.push(name);
  }
  return { destroyed };
}

/** @throws VmrigError `CONFIRMATION_MISSING` */
export function requireConfirmation(typed: string, rig: string): void {
  if (typed === rig) return;
  throw new VmrigError("CONFIRMATION_MISSING", {
    message: `Destroying "${rig}" needs its name typed out, and got ${JSON.stringify(typed)}; nothing was touched.`,
    hint: `vmrig destroy ${rig}`,
  });
}

async function destroyState(options: DestroyOptions, surveyed: StateInspection): Promise<string[]> {
  const { state } = surveyed;
  if (state === undefined || state.resources.length === 0) return [];
  const stack = await openStack({ ...options, ...surveyed, owner: state.owner ?? randomUUID() });
  await using saved = await stack.plan(["-destroy"]);
  const addresses = state.resources
    .filter((resource) => resource.name !== OWNER_RESOURCE)
    .map((resource) => resource.address)
    .toSorted();
  options.say(`destroy: ${addresses.length === 0 ? "nothing" : addresses.join(", ")}`);
  await saved.apply();
  return addresses;
}
