import { readFile, rm } from "node:fs/promises";
import { VmrigError, type SnapshotName } from "vmrig/driver";
import { z } from "zod";
import { platformOf, qemuArguments } from "./command-line.ts";
import { boundConsole } from "../console-log.ts";
import { startLan } from "../network/lan.ts";
import {
  machineFiles,
  qemuRun,
  readJson,
  writeJson,
  type MachineDefinition,
  type QemuRun,
} from "../machine-files.ts";
import { endProcess, isRunningWithArgument } from "./running-program.ts";
import { findQemu } from "./qemu-binary.ts";
import { openQmp, type Qmp } from "../qmp/qmp.ts";
import { runProgram } from "./run-program.ts";

/** Returns the QEMU process of a machine, if it runs. */
export async function findProcess(machine: MachineDefinition): Promise<QemuRun | undefined> {
  const run = await readJson(machineFiles(machine, machine.name).process, qemuRun);
  return run !== undefined && (await isRunningWithArgument(run.pid, mark(machine)))
    ? run
    : undefined;
}

/**
 * Starts QEMU for a machine, from a snapshot or by a cold boot. Returns when QEMU runs; the guest
 * may still be booting.
 *
 * @throws VmrigError `QEMU_MISSING`, `QEMU_FAILED` with QEMU's message
 */
export async function startProcess(
  machine: MachineDefinition,
  from?: SnapshotName,
): Promise<QemuRun> {
  const files = machineFiles(machine, machine.name);
  const qemu = await findQemu(machine.cacheFolder);
  const lanPid = await startLan(machine);
  await boundConsole(files.console);
  await Promise.all([files.qmp, files.agent].map((socket) => rm(socket, { force: true })));
  try {
    await runProgram(qemu.path, qemuArguments(machine, qemu, from), { timeoutMs: 60_000 });
  } catch (cause) {
    const said =
      typeof cause === "object" && cause !== null && "stderr" in cause
        ? String(cause.stderr).trim().split("\n").slice(-6)
        : [];
    throw new VmrigError("QEMU_FAILED", {
      message: `QEMU did not start ${machine.name}${from === undefined ? "" : ` from its snapshot ${from}`}.`,
      details: said,
      cause,
    });
  }
  const pid = Number(await readFile(files.pid, "utf8"));
  await using qmp = await openQmp({ path: files.qmp, machine: machine.name });
  const run: QemuRun = {
    pid,
    sshPort: await forwardedPort(qmp, machine.name),
    platform: platformOf(qemu, machine.accelerator),
    lanPid,
  };
  await writeJson(files.process, run);
  return run;
}

/**
 * Time for QEMU to end after SIGTERM. QEMU first flushes the disk, which takes a while on a busy
 * computer.
 */
const END_MS = 20_000;

/** Ends QEMU for a machine in any state. Disk and snapshots stay. */
export async function stopProcess(machine: MachineDefinition): Promise<void> {
  const files = machineFiles(machine, machine.name);
  for (const pid of [
    (await findProcess(machine))?.pid,
    Number(await readFile(files.pid, "utf8").catch(() => "0")),
  ]) {
    if (pid !== undefined && pid > 0 && (await isRunningWithArgument(pid, mark(machine)))) {
      await endProcess(pid, mark(machine), `QEMU of ${machine.name}`, END_MS);
    }
  }
  await Promise.all(
    [files.process, files.pid, files.qmp, files.agent].map((file) => rm(file, { force: true })),
  );
}

/** Returns an argument that only this machine's process has on its command line. */
function mark(machine: MachineDefinition): string {
  return machineFiles(machine, machine.name).pid;
}

const FORWARD = /HOST_FORWARD\]\s+\S+\s+\S+\s+(\d+)\s+\S+\s+22\b/;

async function forwardedPort(qmp: Qmp, machine: string): Promise<number> {
  const table = z
    .string()
    .parse(await qmp.execute("human-monitor-command", { "command-line": "info usernet" }));
  const port = FORWARD.exec(table)?.[1];
  if (port === undefined)
    throw new VmrigError("QEMU_FAILED", {
      message: `QEMU forwards no port to port 22 of ${machine}.`,
      details: table.split("\r\n"),
    });
  return Number(port);
}
