import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { claimFolder, identifyProcess, type ProcessIdentity } from "vmrig/driver";
import { machineFiles, writeJson, type MachineFiles } from "../machine-files.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";
import { findProcess } from "./find-process.ts";

let folder: string;
let files: MachineFiles;
let qemu: ProcessIdentity;
beforeEach(async () => {
  folder = join(await tempFolder(), "pcs-1");
  files = machineFiles({ folder, runtimeFolder: folder }, "pc1");
  // A process that has the argument by which the driver knows QEMU.
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", files.pidFile], {
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  qemu = await identifyProcess(child.pid as number);
});

async function find(recorded: Partial<ProcessIdentity>): Promise<number | undefined> {
  const rest = { sshPort: 1, platform: "x", lanPid: 1, lanStartTime: "1" };
  await writeJson(files.process, { ...qemu, ...recorded, ...rest });
  return (await findProcess(files, { folder }))?.pid;
}

test("finds the recorded process", async () => {
  expect(await find({})).toBe(qemu.pid);
});

test.each([
  ["a later process has its pid", { startTime: "1" }],
  ["the computer has booted since", { boot: "earlier" }],
  ["another program has its pid", { pid: process.pid }],
])("finds no process when %s", async (_, recorded) => {
  expect(await find(recorded)).toBeUndefined();
});

test("refuses to judge a process of another container, until a claim proves its end", async () => {
  await expect(find({ pidNamespace: "1" })).rejects.toMatchObject({
    code: "HOME_SHARED",
    summary: "Another container uses the machines of pcs-1.",
  });
  using _claim = await claimFolder(folder, { what: "the machines" });
  expect(await find({ pidNamespace: "1" })).toBeUndefined();
});
