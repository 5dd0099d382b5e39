import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, VmrigError, waitFor } from "vmrig/driver";
import { endProcess, isRunning } from "./program.ts";
import { requireProgram } from "./qemu-binary.ts";
import { runProgram } from "./run-program.ts";

const LAUNCH_MS = 5_000;

/** The folder in which a copy's switch has its sockets. */
export function lanSocket(runtimeFolder: string): string {
  return join(runtimeFolder, "lan");
}

function pidFile(runtimeFolder: string): string {
  return join(runtimeFolder, "lan.pid");
}

/** The pid of a copy's switch, if it lives. */
export async function lanPid(runtimeFolder: string): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(runtimeFolder), "utf8").catch(() => "0"));
  return pid > 0 && (await isRunning(pid, lanSocket(runtimeFolder))) ? pid : undefined;
}

/**
 * Starts the private network of a copy, a VDE switch, unless it runs. Machines that are restored at the same moment all ask for it, so
 * the start is guarded by a folder that only one of them can make.
 *
 * @returns its pid
 */
export async function startLan(runtimeFolder: string): Promise<number> {
  const running = await lanPid(runtimeFolder);
  if (running !== undefined) return running;
  const guard = join(runtimeFolder, "lan.starting");
  return waitFor({
    what: "the private network to start",
    on: runtimeFolder,
    code: "QEMU_FAILED",
    timeoutMs: 4 * LAUNCH_MS,
    intervalMs: 20,
    hint: `remove ${guard} if no other vmrig runs`,
    probe: async () => {
      const alive = await lanPid(runtimeFolder);
      if (alive !== undefined) return { value: alive };
      if (!(await take(guard))) return { seen: "somebody else is starting it" };
      try {
        // Whoever had the guard before may have started it since the look above.
        if ((await lanPid(runtimeFolder)) === undefined) await launch(runtimeFolder);
        return { value: await written(runtimeFolder) };
      } finally {
        await rm(guard, { recursive: true, force: true });
      }
    },
  });
}

export async function stopLan(runtimeFolder: string): Promise<void> {
  const pid = await lanPid(runtimeFolder);
  if (pid !== undefined) await endProcess(pid, lanSocket(runtimeFolder), "vde_switch");
  await rm(lanSocket(runtimeFolder), { recursive: true, force: true });
  await rm(pidFile(runtimeFolder), { force: true });
}

async function take(guard: string): Promise<boolean> {
  try {
    await mkdir(guard);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    await dropStale(guard);
    return false;
  }
}

/** The switch goes into the background before it writes its pid. */
function written(runtimeFolder: string): Promise<number> {
  return waitFor({
    what: "vde_switch to write its pid",
    on: runtimeFolder,
    code: "QEMU_FAILED",
    timeoutMs: LAUNCH_MS,
    intervalMs: 10,
    probe: async () => {
      const pid = await lanPid(runtimeFolder);
      return pid === undefined ? { seen: "no process with the pid of its file" } : { value: pid };
    },
  });
}

/** A starter that was killed leaves its guard behind; no living one keeps it for longer than the launch and its pid file may take. */
async function dropStale(guard: string): Promise<void> {
  const made = await stat(guard).catch(() => undefined);
  if (made !== undefined && systemClock.wall() - made.mtimeMs > 2.5 * LAUNCH_MS) await rm(guard, { recursive: true, force: true });
}

async function launch(runtimeFolder: string): Promise<void> {
  const program = requireProgram("vde_switch", "apt-get install vde2 · dnf install vde2 · brew install vde");
  await rm(lanSocket(runtimeFolder), { recursive: true, force: true });
  // vde_switch 2.3 ends, with exit code 0, when it finds one.
  await rm(pidFile(runtimeFolder), { force: true });
  try {
    await runProgram(
      program,
      ["-sock", lanSocket(runtimeFolder), "-mode", "0600", "-dirmode", "0700", "-pidfile", pidFile(runtimeFolder), "-daemon"],
      {
        output: "ignore",
        timeoutMs: LAUNCH_MS,
      },
    );
  } catch (cause) {
    throw new VmrigError("QEMU_FAILED", { message: `vde_switch did not start in ${runtimeFolder}.`, cause });
  }
}
