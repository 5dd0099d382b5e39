import { folderUse } from "./folder-claim.ts";
import { processState, type ProcessIdentity, type ProcessState } from "./process-identity.ts";

/**
 * Returns the state of a process that a record in a folder names. A process of another PID
 * namespace has ended when the claim of the folder proves it (`claimFolder`).
 */
export async function recordedProcessState(
  recorded: ProcessIdentity,
  folder: string,
): Promise<ProcessState> {
  const state = await processState(recorded);
  if (state !== "elsewhere") return state;
  const use = await folderUse(folder);
  return use === "here" || use === "free" ? "ended" : "elsewhere";
}
