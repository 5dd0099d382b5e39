import { qemuProcess, readJson, type MachineFiles, type QemuProcess } from "../machine-files.ts";
import { isRunningWithArgument } from "./running-program.ts";

/** Returns the QEMU process of a machine, if it runs. */
export async function findProcess({
  process,
  pidFile,
}: MachineFiles): Promise<QemuProcess | undefined> {
  const recorded = await readJson(process, qemuProcess);
  return recorded !== undefined && (await isRunningWithArgument(recorded.pid, pidFile))
    ? recorded
    : undefined;
}
