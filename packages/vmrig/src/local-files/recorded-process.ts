import { folderUse } from "./folder-use.ts";
import { hasOtherBoot, ownPlace } from "./place.ts";
import { processState, type ProcessIdentity, type ProcessState } from "./process-identity.ts";

/**
 * Returns the state of a process that a record in a folder names. A process of another PID
 * namespace has ended when the claim of the folder proves it (`claimFolder`). Only in a folder that no
 * process has claimed, its boot id decides.
 */
export async function recordedProcessState(
  recorded: ProcessIdentity,
  folder: string,
): Promise<ProcessState> {
  const state = await processState(recorded);
  if (state !== "elsewhere") return state;
  const use = await folderUse(folder);
  if (use === "unknown") return hasOtherBoot(recorded, ownPlace()) ? "ended" : "elsewhere";
  return use === "elsewhere" ? "elsewhere" : "ended";
}
