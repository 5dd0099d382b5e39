import { identifyProcess } from "vmrig/driver";
import { fileExists } from "../file-exists.ts";
import type { MachineContext } from "../machine-context.ts";
import { lanPid } from "../network/lan.ts";

/**
 * Returns why a machine needs a new QEMU process, if it does: a problem that neither `cont` nor a
 * load into the running process can fix.
 *
 * @param platform The platform of a new process.
 */
export async function reasonToRestart(
  { process, definition, files }: MachineContext,
  platform: string,
): Promise<string | undefined> {
  if (process === undefined) return "its QEMU process is gone";
  if (process.platform !== platform) return `QEMU changed (${process.platform}, now ${platform})`;
  const { pid: lan, startTime } = await identifyProcess((await lanPid(definition)) ?? 0);
  if (process.lanPid !== lan || process.lanStartTime !== startTime)
    return "the switch of its private network is gone";
  // Cleaners of temporary folders delete socket files; without its file, no client can connect to a
  // socket.
  for (const socket of [files.qmp, files.agent])
    if (!(await fileExists(socket))) return `its socket ${socket} is gone`;
  return undefined;
}
