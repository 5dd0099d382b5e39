import { execFile } from "node:child_process";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { withFileLock, waitFor } from "vmrig/driver";
import { lanPid, lanPidFile, lanSocket, lanLockPath, startLan, stopLan } from "./lan.ts";
import { isRunningWithArgument } from "../process/running-program.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

let folder: string;
let runtimeFolder: string;
let folders: { readonly folder: string; readonly runtimeFolder: string };
beforeEach(async () => {
  const root = await tempFolder();
  [folder, runtimeFolder] = [join(root, "copy"), join(root, "run")];
  for (const made of [folder, runtimeFolder]) await mkdir(made);
  folders = { folder, runtimeFolder };
  onTestFinished(async () => {
    for (const pid of await switches()) process.kill(pid, "SIGKILL");
  });
});

/** Returns every process with a path of this test among its arguments. */
async function switches(): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="]);
  const mine = stdout
    .split("\n")
    .filter((line) => line.includes(`vde_switch -sock ${lanSocket(runtimeFolder)} `));
  return mine.map((line) => Number.parseInt(line, 10));
}

test("starts a switch of this user, and finds it again", async () => {
  const pid = await startLan(folders);
  expect(await switches()).toEqual([pid]);
  expect(await lanPid(folders)).toBe(pid);
  expect(await startLan(folders)).toBe(pid);
  expect((await stat(lanSocket(runtimeFolder))).mode & 0o7777).toBe(0o700);
  expect((await stat(join(lanSocket(runtimeFolder), "ctl"))).isSocket()).toBe(true);
});

test("machines restored at the same moment share one switch", async () => {
  const pids = await Promise.all(Array.from({ length: 10 }, () => startLan(folders)));
  expect(new Set(pids).size).toBe(1);
  expect(await switches()).toEqual([pids[0]]);
  expect([await readdir(folder), await readdir(runtimeFolder)]).toEqual([["lan.pid"], ["lan"]]);
});

test("ten processes that start a switch in parallel share one switch", async () => {
  const script = `import { startLan } from ${JSON.stringify(new URL("./lan.ts", import.meta.url).href)}; console.log(await startLan(${JSON.stringify(folders)}));`;
  const runs = await Promise.all(
    Array.from({ length: 10 }, () =>
      promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]),
    ),
  );
  expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
  expect(await switches()).toEqual([Number(runs[0]?.stdout)]);
});

test("a killed switch is started again despite its old sockets", async () => {
  const first = await startLan(folders);
  process.kill(first, "SIGKILL");
  await waitFor({
    what: "the switch to end",
    timeoutMs: 10_000,
    intervalMs: 10,
    probe: async () =>
      (await isRunningWithArgument(first, lanPidFile(folder)))
        ? { seen: "it runs" }
        : { value: true },
  });
  expect(await lanPid(folders)).toBeUndefined();
  expect(await readdir(runtimeFolder)).toContain("lan");
  const second = await startLan(folders);
  expect(second).not.toBe(first);
  expect(await switches()).toEqual([second]);
});

test("a pid file of an unrelated process is no switch", async () => {
  await writeFile(join(folder, "lan.pid"), `${process.pid}\n`);
  expect(await lanPid(folders)).toBeUndefined();
  expect(await startLan(folders)).not.toBe(process.pid);
});

test.each(["", "garbage", "-1", "0"])("a pid file with content %j is invalid", async (text) => {
  await writeFile(join(folder, "lan.pid"), text);
  expect(await lanPid(folders)).toBeUndefined();
});

test("a switch without its socket is replaced, so that there are never two", async () => {
  const first = await startLan(folders);
  await rm(lanSocket(runtimeFolder), { recursive: true });
  expect(await lanPid(folders)).toBeUndefined();
  const [second] = await Promise.all([startLan(folders), startLan(folders)]);
  expect(second).not.toBe(first);
  expect(await switches()).toEqual([second]);
});

test("an emptied runtime folder causes no second switch and no second network", async () => {
  await startLan(folders);
  await rm(runtimeFolder, { recursive: true });
  await mkdir(runtimeFolder);
  const second = await startLan(folders);
  expect(await switches()).toEqual([second]);
});

test("waits for another process that is starting the switch", async () => {
  let started = false;
  let starting: Promise<number> | undefined;
  await withFileLock({ path: lanLockPath(folder), on: "the test" }, async () => {
    starting = startLan(folders).finally(() => (started = true));
    // Long enough for another process to start and finish.
    const other = await tempFolder();
    onTestFinished(() => stopLan({ folder: other, runtimeFolder: other }));
    await startLan({ folder: other, runtimeFolder: other });
    expect([started, await switches()]).toEqual([false, []]);
  });
  expect([await starting]).toEqual(await switches());
});

test("without vde_switch the error names the packages", async () => {
  vi.stubEnv("PATH", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startLan(folders)).rejects.toMatchObject({
    code: "QEMU_MISSING",
    hint: expect.stringContaining("apt-get install vde2"),
  });
  expect(await readdir(folder)).toEqual([]);
});

test("a switch that does not start is reported, and leaves no lock", async () => {
  await writeFile(join(folder, "vde_switch"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  vi.stubEnv("PATH", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startLan(folders)).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: `vde_switch did not start in ${runtimeFolder}.`,
  });
  expect(await readdir(folder)).toEqual(["vde_switch"]);
});

test("stopping removes everything, and is no error without a switch", async () => {
  const pid = await startLan(folders);
  await stopLan(folders);
  expect([await switches(), await readdir(folder), await readdir(runtimeFolder)]).toEqual([
    [],
    [],
    [],
  ]);
  expect(await isRunningWithArgument(pid, lanPidFile(folder))).toBe(false);
  await stopLan(folders);
});
