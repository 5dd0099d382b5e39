import { toDate } from "../../clock/real-time.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { folderUse, usedElsewhere } from "../../local-files/folder-use.ts";
import { brokenMark, type BrokenMark } from "./copy-record.ts";

export interface FitCopiesOptions {
  readonly rig: Pick<ResolvedRig, "driver">;
  readonly copies: readonly CopySpec[];
  readonly store: LeaseStore;
  readonly say: (line: string) => void;
}

/**
 * Returns the copies that a run may lease: not marked as broken, and not used by another container.
 *
 * @throws VmrigError when there is none: `RIG_BROKEN` or `HOME_SHARED`
 */
export async function fitCopies(options: FitCopiesOptions): Promise<string[]> {
  const { rig, say } = options;
  const intact = await intactCopies(options);
  if (rig.driver.locality !== "this-computer") return intact.map(({ copy }) => copy);
  const uses = await Promise.all(intact.map(({ folder }) => folderUse(folder)));
  const here = intact.filter((_, index) => uses[index] !== "elsewhere");
  const elsewhere = intact.filter((_, index) => uses[index] === "elsewhere");
  const [first] = elsewhere;
  if (here.length === 0 && first !== undefined)
    throw await usedElsewhere(first.folder, `the machines of ${first.copy}`);
  for (const { copy } of elsewhere) say(`skip     ${copy}: another container uses its machines`);
  return here.map(({ copy }) => copy);
}

async function intactCopies({ copies, store, say }: FitCopiesOptions): Promise<CopySpec[]> {
  const marks = await Promise.all(
    copies.map(
      async ({ rig, copy }) => [copy, brokenMark(await store.record({ rig, copy }))] as const,
    ),
  );
  const broken = marks.filter(
    (mark): mark is readonly [string, BrokenMark] => mark[1] !== undefined,
  );
  const reasons = broken.map(
    ([copy, { summary, at }]) => `${copy}: excluded since ${toDate(at).toISOString()}; ${summary}`,
  );
  if (broken.length < copies.length) {
    for (const reason of reasons) say(`broken   ${reason}`);
    return copies.filter((_, index) => marks[index]?.[1] === undefined);
  }
  throw new VmrigError("RIG_BROKEN", {
    message: `Every copy of rig "${copies[0]?.rig}" is broken.`,
    details: reasons,
    hint: "repair one with `vmrig up --copy NAME`; add --replace MACHINE for each machine that must be replaced",
  });
}
