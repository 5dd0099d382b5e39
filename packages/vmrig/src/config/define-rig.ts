import type { RigConfig } from "./schema.ts";

/**
 * Where a project says which rig it uses, so that fixtures know its machines without importing the
 * config:
 *
 * ```ts
 * declare module "vmrig" {
 *   interface Register { rig: typeof rig }
 * }
 * ```
 */
// An interface, because only interfaces can be augmented.
export interface Register {}

/** Names of a registered rig's machines; `string` where no rig is registered. */
export type MachineNames<R> = R extends { rig: { machines: infer M } } ? keyof M & string : string;

/** Names of the registered rig's machines. */
export type MachineName = MachineNames<Register>;

/**
 * Describes a rig. The config is checked when it is loaded, not here, so that importing it costs
 * nothing. The names of its machines become the names of the fixtures.
 */
export function defineRig<const C extends RigConfig>(config: C): C {
  return config;
}
