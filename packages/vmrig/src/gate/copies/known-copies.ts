import { createHash } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Folders } from "../../config/folders.ts";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";

interface Note {
  readonly mtimeMs: number;
  readonly copies: number;
}

/**
 * Returns the number of copies of a config, as the last gate that loaded the config found it. A
 * runner needs this number before it starts its workers, and loading a config takes longer than
 * that. A wrong number, after a change of a file that the config imports, costs some speed in one
 * run.
 *
 * @returns nothing when the config was never loaded, or has changed since
 */
export async function recallCopies(folders: Folders, config: string): Promise<number | undefined> {
  try {
    const { mtimeMs, copies } = JSON.parse(
      await readFile(notePath(folders, config), "utf8"),
    ) as Note;
    return mtimeMs === (await stat(config)).mtimeMs ? copies : undefined;
  } catch {
    return undefined;
  }
}

export async function rememberCopies(
  folders: Folders,
  config: string,
  copies: number,
): Promise<void> {
  if ((await recallCopies(folders, config)) === copies) return;
  const path = notePath(folders, config);
  const { mtimeMs } = await stat(config);
  await mkdir(dirname(path), { recursive: true });
  await writeJsonAtomically(path, { mtimeMs, copies });
}

/** Returns the folder of the notes of all configs. */
export function notesFolder({ cache }: Pick<Folders, "cache">): string {
  return join(cache, "copies");
}

function notePath(folders: Folders, config: string): string {
  return join(notesFolder(folders), createHash("sha256").update(config).digest("hex").slice(0, 16));
}
