import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { identifyProcess, withFileLock, type Orphan } from "vmrig/driver";
import { lanSocket, startLan } from "./network/lan.ts";
import { machineFiles, writeJson } from "./machine-files.ts";
import { findOrphans } from "./orphans.ts";
import { isRunningWithArgument } from "./process/running-program.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

let root: string;
let folder: string;
let runtimeFolder: string;
beforeEach(async () => {
  root = await tempFolder();
  [folder, runtimeFolder] = [join(root, "rigs", "pcs-1"), join(root, "run", "pcs-1")];
  for (const made of [folder, runtimeFolder, join(root, "cache", "images")])
    await mkdir(made, { recursive: true });
});

/** Returns the orphans of this test; the computer may have others. */
async function orphans(): Promise<Orphan[]> {
  const all = await findOrphans({
    copies: join(root, "rigs"),
    runtime: join(root, "run"),
    cache: join(root, "cache"),
  });
  return all.filter(({ what }) => what.includes(root));
}

const said = async (): Promise<string[]> =>
  (await orphans()).map(({ what }) => what.replaceAll(root, ""));

/** Starts a process that looks like QEMU of a machine. */
async function start(name: string): Promise<{ readonly pid: number; readonly pidFile: string }> {
  const { pidFile } = machineFiles({ folder, runtimeFolder }, name);
  await mkdir(dirname(pidFile), { recursive: true });
  const child = spawn(
    "/bin/sh",
    // Starts no program: between fork and exec, that would look like a second QEMU.
    ["-c", "echo ready; read -r line", "sh", "-pidfile", pidFile],
    {
      argv0: "qemu-system-x86_64",
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    },
  );
  const { pid = 0 } = child;
  onTestFinished(() => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // The test has ended it, as expected.
    }
  });
  await once(child.stdout, "data");
  return { pid, pidFile };
}

test("a machine's process is known by its pid file or process file, and is an orphan without its folder", async () => {
  const { pid, pidFile } = await start("pc1");
  const files = machineFiles({ folder, runtimeFolder }, "pc1");
  await writeFile(pidFile, String(pid));
  expect(await said()).toEqual([]);
  await rm(pidFile);
  await writeJson(files.process, {
    ...(await identifyProcess(pid)),
    sshPort: 1,
    platform: "x",
    lanPid: 1,
    lanStartTime: "1",
  });
  expect(await said()).toEqual([]);

  await rm(files.folder, { recursive: true });
  const [orphan, ...more] = await orphans();
  expect([orphan?.what.replaceAll(root, ""), orphan?.copy, more]).toEqual([
    `QEMU of pc1: process ${pid}, whose folder /rigs/pcs-1/machines/pc1 is gone`,
    "pcs-1",
    [],
  ]);
  await orphan?.remove();
  expect(await isRunningWithArgument(pid, pidFile)).toBe(false);
  await orphan?.remove();
  expect(await said()).toEqual([]);
});

test("a machine's second process is an orphan; the first is not", async () => {
  const [first, second] = [await start("pc1"), await start("pc1")];
  await writeFile(first.pidFile, String(first.pid));
  expect(await said()).toEqual([
    `QEMU of pc1: process ${second.pid}, not recorded in /rigs/pcs-1/machines/pc1`,
  ]);
});

test("a process of a locked machine is no orphan, and an orphan that was adopted meanwhile is not ended", async () => {
  const { pid, pidFile } = await start("pc1");
  const { lock } = machineFiles({ folder, runtimeFolder }, "pc1");
  const before = await orphans();
  expect(before).toHaveLength(1);
  await withFileLock({ path: lock, on: "pc1" }, async () => {
    expect(await said()).toEqual([]);
    await before[0]?.remove();
  });
  await writeFile(pidFile, String(pid));
  await before[0]?.remove();
  expect(await isRunningWithArgument(pid, pidFile)).toBe(true);
});

test("a switch is an orphan without the folder of its copy, and its sockets are removed after it", async () => {
  const pid = await startLan({ folder, runtimeFolder });
  onTestFinished(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // The test has ended it, as expected.
    }
  });
  expect(await said()).toEqual([]);
  await rm(join(root, "rigs"), { recursive: true });
  expect(await said()).toEqual([
    `switch of the private network: process ${pid}, whose folder /rigs/pcs-1 is gone`,
  ]);
  for (const orphan of await orphans()) await orphan.remove();
  for (const orphan of await orphans()) await orphan.remove();
  expect([await said(), await readdir(runtimeFolder)]).toEqual([[], []]);
});

test("sockets of missing machines are listed and removed; other sockets and unknown files stay", async () => {
  const { qmp, agent } = machineFiles({ folder, runtimeFolder }, "pc1");
  const { qmp: lost } = machineFiles({ folder, runtimeFolder }, "pc2");
  await mkdir(join(folder, "machines", "pc1"), { recursive: true });
  await mkdir(lanSocket(runtimeFolder));
  for (const path of [qmp, agent, lost, join(runtimeFolder, "other")]) await writeFile(path, "");
  expect((await said()).toSorted()).toEqual([
    "socket /run/pcs-1/lan, whose switch is gone",
    "socket /run/pcs-1/pc2.qmp, whose machine is gone",
  ]);
  for (const orphan of await orphans()) await orphan.remove();
  expect((await readdir(runtimeFolder)).toSorted()).toEqual(["other", "pc1.agent", "pc1.qmp"]);
});

test("image downloads interrupted more than a day ago are listed and removed; the rest of the cache stays", async () => {
  const images = join(root, "cache", "images");
  for (const name of [".fetch-old", ".build-old", "debian.new-7", ".fetch-young", "debian-13-abc"])
    await mkdir(join(images, name));
  const old = new Date(Date.now() - 25 * 3_600_000);
  for (const name of [".fetch-old", ".build-old", "debian.new-7", "debian-13-abc"])
    await utimes(join(images, name), old, old);
  expect(await said()).toHaveLength(3);
  for (const orphan of await orphans()) await orphan.remove();
  expect((await readdir(images)).toSorted()).toEqual([".fetch-young", "debian-13-abc"]);
});

test("missing folders contain no orphans", async () => {
  await rm(root, { recursive: true });
  expect(await said()).toEqual([]);
});
