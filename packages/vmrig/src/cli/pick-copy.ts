import { copyNames, describeCopy } from "../config/copy-spec.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec } from "../driver/driver.ts";
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

/**
 * Returns the named copy, or the rig's only copy without a name. Creates nothing.
 *
 * @throws VmrigError `CONFIG_INVALID`, with the known ones
 */
export function pickCopy(rig: ResolvedRig, folders: Folders, name: string | undefined): CopySpec {
  const [copy = "", ...others] = pickCopies(rig, name);
  if (others.length > 0) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `Rig "${rig.name}" has ${rig.copies} copies: name one of them.`,
      details: [`available: ${copyNames(rig).join(", ")}`],
      hint: `add \`--copy ${copy}\``,
    });
  }
  return describeCopy(rig, copyNames(rig).indexOf(copy) + 1, folders);
}
