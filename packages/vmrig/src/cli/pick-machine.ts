import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { closestFirst } from "./closest-name.ts";

/**
 * The machine that was named, or the only one that there is.
 *
 * @throws VmrigError `UNKNOWN_MACHINE` with those that there are
 */
export function pickMachine(rig: ResolvedRig, name: string | undefined): string {
  const names = Object.keys(rig.machines);
  const [only] = names;
  if (name === undefined && names.length === 1 && only !== undefined) return only;
  if (name !== undefined && names.includes(name)) return name;
  throw new VmrigError("UNKNOWN_MACHINE", {
    message:
      name === undefined
        ? `Rig "${rig.name}" has ${names.length} machines: say which.`
        : `Rig "${rig.name}" has no machine "${name}".`,
    details: [`it has: ${(name === undefined ? names : closestFirst(name, names)).join(", ")}`],
  });
}
