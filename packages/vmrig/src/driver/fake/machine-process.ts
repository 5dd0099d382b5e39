/**
 * The process of one fake machine: `node machine-process.js <its definition>`. Like QEMU, it
 * outlives the process that started it. It ends when it is killed, or when the machine's folder is
 * deleted.
 */
import { randomUUID } from "node:crypto";
import { constants, existsSync, watch } from "node:fs";
import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { passFence } from "../fence.ts";
import { restoredLine } from "../restored-line.ts";
import {
  sendCommand,
  NO_PROCESS,
  serveControl,
  type FakeCommand,
  type ProcessStatus,
} from "./control.ts";
import { loadDisk, requireSnapshot, saveDisk } from "./disk.ts";
import { machineFiles, parseDefinition } from "./machine-files.ts";
import { endMembers, mark, signalMembers } from "./members.ts";
import { startSshServer } from "./ssh-server.ts";

/** The user that tests log in as. */
const USER = "vmrig";

const definition = parseDefinition(await readFile(process.argv[2] ?? "", "utf8"));
const files = machineFiles(definition, definition.name);

if ((await sendCommand(files.control, { do: "status" })) !== NO_PROCESS)
  throw new Error(`${definition.name} is already running`);
await rm(files.control, { force: true });
// Ends the processes that an earlier, killed process of this machine left behind.
await endMembers(files);

const shell = await access("/bin/bash", constants.X_OK).then(
  () => "/bin/bash",
  () => "/bin/sh",
);
const ssh = await startSshServer({
  hostKey: await readFile(files.hostKey, "utf8"),
  user: USER,
  shell,
  home: files.home,
  env: {
    PATH: `${files.bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
    HOME: files.home,
    USER,
    LOGNAME: USER,
    SHELL: shell,
    TMPDIR: join(files.disk, "tmp"),
    LANG: "C.UTF-8",
    /** The folder that serves as the machine's disk. */
    VMRIG_FAKE_DISK: files.disk,
    VMRIG_BOOT_ID: randomUUID(),
    ...mark(files),
  },
});

/** Prints a console line. The output of this process is the console of the machine. */
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`${definition.name} is up`);

const status = (): ProcessStatus => ({
  pid: process.pid,
  sshPort: ssh.port,
  paused: ssh.refusesConnections,
});

/** Whether all processes of the machine are stopped, also across other commands. */
let frozen = false;

const execute = async (command: FakeCommand): Promise<ProcessStatus> => {
  if (command.do === "status") return status();
  await passFence(files.fences, definition.name, command.fence);
  switch (command.do) {
    case "admit":
      ssh.admit(command.key);
      break;
    case "capture":
      signalMembers(files, "SIGSTOP");
      await saveDisk(files, command.snapshot).finally(
        () => frozen || signalMembers(files, "SIGCONT"),
      );
      break;
    case "freeze":
    case "thaw":
      frozen = command.do === "freeze";
      signalMembers(files, frozen ? "SIGSTOP" : "SIGCONT");
      break;
    case "restore":
      await requireSnapshot(files, definition.name, command.snapshot);
      ssh.admitNone();
      ssh.closeConnections();
      await endMembers(files);
      await loadDisk(files, command.snapshot);
      await rm(files.unlinked, { force: true });
      ssh.refusesConnections = false;
      frozen = false;
      print(restoredLine(definition.name, command.snapshot));
      ssh.admit(command.key);
      break;
    case "park":
      ssh.refusesConnections = true;
      signalMembers(files, "SIGSTOP");
      break;
  }
  return status();
};
serveControl(files.control, execute);

const end = (): void => void process.kill(process.pid, "SIGKILL");
watch(files.folder, () => {
  if (!existsSync(files.creating) && !existsSync(files.definition))
    endMembers(files).then(end, end);
});
