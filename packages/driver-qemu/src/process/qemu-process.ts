import { readFile } from "node:fs/promises";
import {
  claimFolder,
  identifyProcess,
  VmrigError,
  type FolderClaim,
  type SnapshotName,
} from "vmrig/driver";
import { z } from "zod";
import { trimConsole } from "../console-log.ts";
import type { MachineContext, MachineRemains } from "../machine-context.ts";
import { machinesOf, writeJson, type QemuProcess } from "../machine-files.ts";
import { startLan } from "../network/lan.ts";
import { openQmp, type Qmp } from "../qmp/qmp.ts";
import { removeFiles } from "../remove-files.ts";
import { qemuArguments, type QemuStart } from "./command-line.ts";
import { platformOf } from "./platform.ts";
import { findQemu } from "./qemu-binary.ts";
import { runProgram } from "./run-program.ts";
import { endProcess } from "./running-program.ts";

/**
 * Starts QEMU for a machine, from a snapshot or by a cold boot. Returns when QEMU runs; the guest
 * may still be booting.
 *
 * QEMU and the switch inherit the claim of the copy's folder. While they run, no other PID namespace
 * can take them for dead.
 *
 * @throws VmrigError `QEMU_MISSING`, `QEMU_FAILED` with QEMU's message, `HOME_SHARED`
 */
export async function startProcess(machine: MachineContext, from?: SnapshotName): Promise<void> {
  const { name, definition, files } = machine;
  const qemu = await findQemu(definition.cacheFolder);
  const { folder } = definition;
  using claim = await claimFolder(folder, { what: machinesOf(folder) });
  const lanPid = await startLan(definition, claim);
  await trimConsole(files.console);
  await removeFiles(files.qmp, files.agent, files.gdb);
  await launch({ machine, qemu, from, claim });
  const pid = Number(await readFile(files.pidFile, "utf8"));
  await using qmp = await openQmp({ path: files.qmp, machine: name });
  const started: QemuProcess = {
    ...(await identifyProcess(pid)),
    sshPort: await forwardedPort(qmp, name),
    platform: platformOf(qemu, definition.accelerator),
    lanPid,
    lanStartTime: (await identifyProcess(lanPid)).startTime,
  };
  await writeJson(files.process, started);
}

interface Launch extends QemuStart {
  readonly machine: MachineContext;
  readonly claim: FolderClaim;
}

async function launch(start: Launch): Promise<void> {
  const { machine, qemu, from, claim } = start;
  try {
    await runProgram(qemu.path, qemuArguments(start), { timeoutMs: 60_000, keepOpen: claim.fd });
  } catch (cause) {
    const printed =
      typeof cause === "object" && cause !== null && "stderr" in cause
        ? String(cause.stderr).trim().split("\n").slice(-6)
        : [];
    throw new VmrigError("QEMU_FAILED", {
      message: `QEMU did not start ${machine.name}${from === undefined ? "" : ` from its snapshot ${from}`}.`,
      details: printed,
      cause,
    });
  }
}

/**
 * Time for QEMU to end after SIGTERM. QEMU first flushes the disk, which takes a while on a busy
 * computer.
 */
const END_MS = 20_000;

/**
 * Ends QEMU for a machine in any state. Disk and snapshots stay. An interrupted start may have left
 * a process that only the pid file names.
 */
export async function stopProcess({ name, files, process }: MachineRemains): Promise<void> {
  const written = Number(await readFile(files.pidFile, "utf8").catch(() => "0"));
  const options = {
    identifyingArgument: files.pidFile,
    name: `QEMU of ${name}`,
    timeoutMs: END_MS,
  };
  for (const pid of new Set([process?.pid ?? 0, written]))
    if (pid > 0) await endProcess({ pid, ...options });
  await removeFiles(files.process, files.pidFile, files.qmp, files.agent, files.gdb);
}

const FORWARD = /HOST_FORWARD\]\s+\S+\s+\S+\s+(\d+)\s+\S+\s+22\b/;

async function forwardedPort(qmp: Qmp, machine: string): Promise<number> {
  const table = z
    .string()
    .parse(await qmp.execute("human-monitor-command", { "command-line": "info usernet" }));
  const port = FORWARD.exec(table)?.[1];
  if (port === undefined)
    throw new VmrigError("QEMU_FAILED", {
      message: `QEMU has no port forward to SSH on ${machine}.`,
      details: table.split("\r\n"),
    });
  return Number(port);
}
