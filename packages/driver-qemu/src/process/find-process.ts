import { recordedProcessState, usedElsewhere } from "vmrig/driver";
import {
  machinesOf,
  qemuProcess,
  readJson,
  type CopyFolders,
  type MachineFiles,
  type QemuProcess,
} from "../machine-files.ts";
import { isRunningWithArgument } from "./running-program.ts";

/**
 * Returns the QEMU process of a machine, if it runs.
 *
 * @throws VmrigError `HOME_SHARED` when it may run in another container: it has the disk open, and
 *   can be neither reached nor ended from here
 */
export async function findProcess(
  { process, pidFile }: Pick<MachineFiles, "process" | "pidFile">,
  { folder }: Pick<CopyFolders, "folder">,
): Promise<QemuProcess | undefined> {
  const recorded = await readJson(process, qemuProcess);
  if (recorded === undefined) return undefined;
  const state = await recordedProcessState(recorded, folder);
  if (state === "elsewhere") throw await usedElsewhere(folder, machinesOf(folder));
  return state === "running" && (await isRunningWithArgument(recorded.pid, pidFile))
    ? recorded
    : undefined;
}
