/**
 * The process of one fake machine: `node machine-process.js <its definition>`. Like QEMU it
 * outlives whoever started it. It ends when it is killed, or when the machine's folder is deleted.
 */
import { randomUUID } from "node:crypto";
import { constants, existsSync, watch } from "node:fs";
import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { passFence } from "../fence.ts";
import { restoredLine } from "../restored-line.ts";
import {
  sendCommand,
  NOBODY,
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

if ((await sendCommand(files.control, { do: "status" })) !== NOBODY)
  throw new Error(`${definition.name} runs already`);
await rm(files.control, { force: true });
// What an earlier process of this machine left when it was killed.
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
    /** The folder that stands for the machine's disk. */
    VMRIG_FAKE_DISK: files.disk,
    VMRIG_BOOT_ID: randomUUID(),
    ...mark(files),
  },
});

/** Its output is its console. */
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`${definition.name} is up`);

const status = (): ProcessStatus => ({ pid: process.pid, sshPort: ssh.port, paused: ssh.deaf });

/** Nothing of it runs on, whatever is done meanwhile. */
let frozen = false;

const obey = async (order: FakeCommand): Promise<ProcessStatus> => {
  if (order.do === "status") return status();
  await passFence(files.fences, definition.name, order.fence);
  switch (order.do) {
    case "admit":
      ssh.admit(order.key);
      break;
    case "capture":
      signalMembers(files, "SIGSTOP");
      await saveDisk(files, order.snapshot).finally(
        () => frozen || signalMembers(files, "SIGCONT"),
      );
      break;
    case "freeze":
    case "thaw":
      frozen = order.do === "freeze";
      signalMembers(files, frozen ? "SIGSTOP" : "SIGCONT");
      break;
    case "restore":
      await requireSnapshot(files, definition.name, order.snapshot);
      ssh.admitNobody();
      ssh.hangUp();
      await endMembers(files);
      await loadDisk(files, order.snapshot);
      await rm(files.unlinked, { force: true });
      ssh.deaf = false;
      frozen = false;
      print(restoredLine(definition.name, order.snapshot));
      ssh.admit(order.key);
      break;
    case "park":
      ssh.deaf = true;
      signalMembers(files, "SIGSTOP");
      break;
  }
  return status();
};
serveControl(files.control, obey);

const end = (): void => void process.kill(process.pid, "SIGKILL");
watch(files.folder, () => {
  if (!existsSync(files.definition)) endMembers(files).then(end, end);
});
