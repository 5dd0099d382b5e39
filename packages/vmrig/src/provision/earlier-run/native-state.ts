import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { StateFiles } from "../state-files.ts";
import type { StateSession } from "../state/state-session.ts";
import { parseState, type State } from "../state.ts";

const LAST_APPLY = z.object({ owner: z.string().min(1), changes: z.array(z.string()) });

/**
 * Takes over the state file and the record of the last apply that vmrig kept before its stores.
 *
 * @throws VmrigError `STATE_LOST` when the file is damaged; the faults of the store
 */
export async function takeOverNativeState(options: {
  readonly session: StateSession;
  readonly files: StateFiles;
  readonly say: (line: string) => void;
  /** Whether to set aside a file that is damaged. */
  readonly replaceDamaged: boolean;
}): Promise<void> {
  const { session, files, say, replaceDamaged } = options;
  if (session.text !== undefined) return;
  const text = await readIfExists(files.native);
  let state: State | undefined;
  try {
    state = parseState(text, `Terraform state ${files.native}`);
  } catch (error) {
    if (!replaceDamaged) throw error;
    const aside = `${files.native}.damaged`;
    await rename(files.native, aside);
    say(`state: ${files.native} is damaged, and was kept as ${aside}`);
  }
  const last = await readLastApply(files);
  if (text !== undefined && state !== undefined) {
    await session.save(text, "taken over from a file");
    const aside = `${files.native}.taken-over`;
    await rename(files.native, aside);
    say(`state: took over ${files.native}, and kept it as ${aside}`);
  }
  if (last === undefined) return;
  await session.ensureOwner(last.owner, state?.owner);
  if (last.changes.length > 0) await session.begin(last.changes);
}

/** Whether an earlier version of vmrig left a state that no run has taken over yet. */
export async function hasNativeState(files: StateFiles): Promise<boolean> {
  return (await readIfExists(files.native)) !== undefined;
}

async function readLastApply({
  folder,
}: StateFiles): Promise<z.infer<typeof LAST_APPLY> | undefined> {
  const text = await readIfExists(join(folder, "last-apply.json"));
  try {
    return text === undefined ? undefined : LAST_APPLY.parse(JSON.parse(text));
  } catch {
    // A power failure may have emptied it.
    return undefined;
  }
}

async function readIfExists(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
