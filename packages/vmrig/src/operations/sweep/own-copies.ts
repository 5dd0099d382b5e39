import { readdir } from "node:fs/promises";
import { copiesFolder, copyNames, describeCopy } from "../../config/copy-spec.ts";
import type { Folders } from "../../config/folders.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { CopySpec } from "../../driver/driver.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import type { CurrentHolder } from "../../lease/current-holder.ts";

/**
 * A copy of the rig that has a folder on this computer, whether the config still asks for it or
 * not.
 */
export interface OwnCopy {
  readonly copy: CopySpec;
  /** The config asks for fewer copies than before, and not for this one. */
  readonly surplus: boolean;
  /** Current holder. Missing when the copy is free. */
  readonly held?: CurrentHolder;
}

/** Returns the copies of the rig on this computer, with their holders. */
export async function ownCopies(
  rig: ResolvedRig,
  folders: Folders,
  store: LeaseStore | undefined,
): Promise<readonly OwnCopy[]> {
  const numbers = (await readdir(copiesFolder(folders)).catch(() => []))
    .flatMap((entry) =>
      entry.startsWith(`${rig.name}-`) ? [entry.slice(rig.name.length + 1)] : [],
    )
    .filter((rest) => /^[1-9]\d*$/.test(rest))
    .map(Number)
    .toSorted((a, b) => a - b);
  const copies = numbers.map((number) => describeCopy(rig, number, folders));
  const names = copies.map(({ copy }) => copy);
  const view = names.length === 0 ? undefined : await store?.view({ rig: rig.name, copies: names });
  const wanted = copyNames(rig);
  return copies.map((copy) => {
    const held = view?.copies.find((candidate) => candidate.copy === copy.copy)?.held;
    return { copy, surplus: !wanted.includes(copy.copy), ...(held && { held }) };
  });
}
