import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { closestFirst } from "../errors/closest-name.ts";

/**
 * Returns the named machine, or the rig's only machine without a name.
 *
 * @throws VmrigError `UNKNOWN_MACHINE`, with the known ones
 */
export function pickMachine(rig: ResolvedRig, name: string | undefined): string {
  const names = Object.keys(rig.machines);
  const [only] = names;
  if (name === undefined && names.length === 1 && only !== undefined) return only;
  if (name !== undefined && names.includes(name)) return name;
  throw new VmrigError("UNKNOWN_MACHINE", {
    message:
      name === undefined
        ? `Rig "${rig.name}" has ${names.length} machines: name one of them.`
        : `Rig "${rig.name}" has no machine "${name}".`,
    details: [`available: ${(name === undefined ? names : closestFirst(name, names)).join(", ")}`],
  });
}
