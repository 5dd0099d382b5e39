import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import { forgetEngine, readEngineRecord, type EngineRecord } from "./engine-record.ts";
import type { StateFiles } from "../state-files.ts";
import type { StateSession } from "../state/state-session.ts";

/**
 * Saves the state that an earlier engine of this computer left, because it could not save it. Does
 * so only if no other run has changed the state since: Terraform's own check compares serials, which
 * two runs may both have reached. Otherwise the file is kept under another name, and the machines
 * that it describes are found by comparing what exists.
 *
 * @throws the faults of the store
 */
export async function saveUnsavedState(options: {
  readonly session: StateSession;
  readonly files: StateFiles;
  readonly say: (line: string) => void;
}): Promise<void> {
  const { session, files, say } = options;
  const text = await readFile(files.unsaved, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) {
    // Its engine has ended, and stored all that it did.
    await forgetEngine(files);
    return;
  }
  const why = whyOutdated(session, await readEngineRecord(files));
  const refused = why ?? (await trySave(session, text));
  if (refused === undefined) {
    say("state: saved the state that an earlier run could not save");
    await rm(files.unsaved, { force: true });
    await forgetEngine(files);
    return;
  }
  const kept = join(files.folder, `unsaved-${session.version}.tfstate`);
  await rename(files.unsaved, kept);
  say(`state: kept an unsaved state of an earlier run as ${kept}: ${refused}`);
}

async function trySave(session: StateSession, text: string): Promise<string | undefined> {
  try {
    await session.save(text, "saved by a later run");
    return undefined;
  } catch (error) {
    // The text itself is not acceptable. Everything else stops the run.
    if (isVmrigError(error) && error.code === "STATE_UNWRITABLE") return error.summary;
    throw error;
  }
}

/** @returns why the state is not a successor of the newest version; `undefined` when it is */
function whyOutdated(
  { claimed }: StateSession,
  record: EngineRecord | undefined,
): string | undefined {
  if (record === undefined) return "nothing says which run left it";
  if (claimed === undefined) return "there is no state any more";
  const { version, fence } = claimed;
  return version === record.base || fence === record.fence
    ? undefined
    : `version ${version} was stored after it`;
}
