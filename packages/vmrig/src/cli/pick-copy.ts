import { copyNames } from "../config/copy-spec.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { availableNames } from "../errors/closest-name.ts";

/**
 * Returns the named copy, or all copies without a name.
 *
 * @throws VmrigError `CONFIG_INVALID` for an unknown name, with the known ones
 */
export function pickCopies(rig: ResolvedRig, name: string | undefined): readonly string[] {
  const names = copyNames(rig);
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  throw new VmrigError("CONFIG_INVALID", {
    message: `Rig "${rig.name}" has no copy "${name}".`,
    details: [availableNames(name, names)],
  });
}
