import { copyNames, describeCopy } from "../config/copy-spec.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { availableNames } from "../errors/closest-name.ts";
import { toDate } from "../clock/real-time.ts";
import type { OpenedRig } from "./open-rig.ts";

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

/**
 * Returns the name of the copy of which a machine is to be replaced. The name of a machine means one
 * machine, not one of each copy, and a healthy one must not be replaced by mistake: only copies that
 * are marked as broken are proposed.
 *
 * @throws VmrigError `CONFIG_INVALID` for several copies without a name, with what is known of each
 */
export async function pickCopyToReplace(
  { rig, folders }: OpenedRig,
  name: string | undefined,
): Promise<string> {
  const [only = "", ...others] = pickCopies(rig, name);
  if (others.length === 0) return only;
  const [{ openRunningStore }, { brokenMark }] = await Promise.all([
    import("../gate/store/open-store.ts"),
    import("../gate/copies/copy-record.ts"),
  ]);
  await using store = await openRunningStore(rig, folders);
  const details: string[] = [];
  const broken: string[] = [];
  for (const copy of [only, ...others]) {
    const mark = brokenMark(await store?.record({ rig: rig.name, copy }));
    if (mark !== undefined) broken.push(`\`--copy ${copy}\``);
    details.push(
      mark === undefined
        ? `${copy}: not marked as broken`
        : `${copy}: broken since ${toDate(mark.at).toISOString()}; ${mark.summary}`,
    );
  }
  throw new VmrigError("CONFIG_INVALID", {
    message: `Rig "${rig.name}" has ${rig.copies} copies: name the one whose machine is to be replaced.`,
    details,
    hint: `add ${broken.join(" or ") || "`--copy NAME`, with the copy of the machine"}`,
  });
}
