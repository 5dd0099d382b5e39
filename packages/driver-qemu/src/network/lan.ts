import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock, VmrigError, waitFor, type FolderClaim } from "vmrig/driver";
import type { CopyFolders } from "../machine-files.ts";
import { endProcess, isRunningWithArgument } from "../process/running-program.ts";
import { PACKAGES } from "../process/packages.ts";
import { requireProgram } from "../process/qemu-binary.ts";
import { runProgram } from "../process/run-program.ts";

const LAUNCH_MS = 5_000;
const SWITCH = "vde_switch";

/** Returns the folder with the sockets of a copy's switch. */
export function lanSocket(runtimeFolder: string): string {
  return join(runtimeFolder, "lan");
}

/**
 * Returns the pid file of a copy's switch. The file lies beside the machines, not beside the
 * sockets: a cleaner of temporary folders would cause a second switch and split the LAN.
 */
export function lanPidFile(folder: string): string {
  return join(folder, "lan.pid");
}

export function lanLockPath(folder: string): string {
  return join(folder, "lan.lock");
}

/** Returns the pid of a copy's switch, if it runs and machines can connect to it. */
export async function lanPid(folders: CopyFolders): Promise<number | undefined> {
  const socket = await stat(join(lanSocket(folders.runtimeFolder), "ctl")).catch(() => undefined);
  return socket?.isSocket() === true ? await runningSwitch(folders) : undefined;
}

async function runningSwitch({ folder }: CopyFolders): Promise<number | undefined> {
  const pid = Number(await readFile(lanPidFile(folder), "utf8").catch(() => "0"));
  return pid > 0 && (await isRunningWithArgument(pid, lanPidFile(folder))) ? pid : undefined;
}

/**
 * Starts the private network of a copy, a VDE switch, unless it runs. Replaces a running switch
 * without a socket. Machines that are restored at the same moment all call this function, and one
 * call starts the switch.
 *
 * @param claim Claim of the copy's folder, which the switch inherits.
 * @returns the switch's pid
 */
export async function startLan(
  folders: CopyFolders,
  claim?: Pick<FolderClaim, "fd">,
): Promise<number> {
  const running = await lanPid(folders);
  if (running !== undefined) return running;
  return await withFileLock(
    { path: lanLockPath(folders.folder), on: "the private network" },
    async () => {
      // Another holder of the lock may have started the switch since the check above.
      const started = await lanPid(folders);
      if (started !== undefined) return started;
      await end(folders);
      await launch(folders, claim?.fd);
      return await waitForPid(folders);
    },
  );
}

export async function stopLan(folders: CopyFolders): Promise<void> {
  await withFileLock({ path: lanLockPath(folders.folder), on: "the private network" }, () =>
    end(folders),
  );
}

async function end(folders: CopyFolders): Promise<void> {
  const pid = await runningSwitch(folders);
  const pidFile = lanPidFile(folders.folder);
  if (pid !== undefined) await endProcess({ pid, identifyingArgument: pidFile, name: SWITCH });
  await rm(lanSocket(folders.runtimeFolder), { recursive: true, force: true });
  // vde_switch 2.3 ends, with exit code 0, when it finds one.
  await rm(pidFile, { force: true });
}

/**
 * Waits for the switch's pid file: the switch goes into the background before it writes the file.
 */
function waitForPid(folders: CopyFolders): Promise<number> {
  return waitFor({
    what: "vde_switch to write its pid",
    on: folders.folder,
    code: "QEMU_FAILED",
    timeoutMs: LAUNCH_MS,
    intervalMs: 10,
    probe: async () => {
      const pid = await lanPid(folders);
      return pid === undefined ? { seen: "no process with the pid of its file" } : { value: pid };
    },
  });
}

async function launch(
  { folder, runtimeFolder }: CopyFolders,
  keepOpen: number | undefined,
): Promise<void> {
  const program = requireProgram(SWITCH, PACKAGES[SWITCH]);
  try {
    await runProgram(
      program,
      [
        "-sock",
        lanSocket(runtimeFolder),
        "-mode",
        "0600",
        "-dirmode",
        "0700",
        "-pidfile",
        lanPidFile(folder),
        "-daemon",
      ],
      { output: "ignore", timeoutMs: LAUNCH_MS, keepOpen },
    );
  } catch (cause) {
    throw new VmrigError("QEMU_FAILED", {
      message: `vde_switch did not start in ${runtimeFolder}.`,
      cause,
    });
  }
}
