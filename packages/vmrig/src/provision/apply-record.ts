import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { writeJsonAtomically } from "../local-files/atomic-write.ts";
import type { StateFiles } from "./state-files.ts";

const RECORD = z.object({
  /** Owner of the machines, recorded before the first one is created. */
  owner: z.string().min(1),
  /** Names of the machines that the apply creates, replaces or deletes; none when it completed. */
  changes: z.array(z.string()),
});

/**
 * What vmrig knows about the last apply, written before it. Terraform saves the owner before it
 * creates the first machine, but OpenTofu saves nothing until it ends. The record explains why a
 * machine of the state is gone. It says nothing about machines that exist: they have their own
 * records.
 */
export type ApplyRecord = z.infer<typeof RECORD>;

/**
 * Reads the record of the last apply. The file is not synced, so a power failure may empty it. Every
 * run that asks Terraform writes it again.
 *
 * @returns `undefined` when there is no usable record
 */
export async function readApplyRecord(
  files: Pick<StateFiles, "lastApply">,
  say: (line: string) => void = () => {},
): Promise<ApplyRecord | undefined> {
  try {
    return RECORD.parse(JSON.parse(await readFile(files.lastApply, "utf8")));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT"))
      say(`state: ${files.lastApply} cannot be read; writing it again`);
    return undefined;
  }
}

/** Records what an apply changes, together with what earlier, killed applies may have changed. */
export async function beginApply(
  files: StateFiles,
  options: {
    readonly owner: string;
    readonly last: ApplyRecord | undefined;
    readonly changes: Iterable<string>;
  },
): Promise<void> {
  const { owner, last, changes } = options;
  const record: ApplyRecord = {
    owner,
    changes: [...new Set([...(last?.changes ?? []), ...changes])],
  };
  await writeJsonAtomically(files.lastApply, record);
}

/** Records that the apply completed, so that a machine that is gone from now on is a loss. */
export async function endApply(files: StateFiles, owner: string): Promise<void> {
  const record: ApplyRecord = { owner, changes: [] };
  await writeJsonAtomically(files.lastApply, record);
}

/** Forgets the owner of machines that are all destroyed. */
export async function forgetOwner(files: StateFiles): Promise<void> {
  await rm(files.lastApply, { force: true });
}
