import { execFile } from "node:child_process";
import { mkdir, readdir, rmdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { waitFor } from "vmrig/driver";
import { lanPid, lanSocket, startLan, stopLan } from "./lan.ts";
import { isRunning } from "./program.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

let folder: string;
beforeEach(async () => {
  folder = await tempFolder();
  onTestFinished(async () => {
    for (const pid of await switches()) process.kill(pid, "SIGKILL");
  });
});

/** Every process with a path of this test among its arguments. */
async function switches(): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="]);
  const mine = stdout.split("\n").filter((line) => line.includes(`vde_switch -sock ${lanSocket(folder)} `));
  return mine.map((line) => Number.parseInt(line, 10));
}

test("starts a switch of this user's own, and finds it again", async () => {
  const pid = await startLan(folder);
  expect(await switches()).toEqual([pid]);
  expect(await lanPid(folder)).toBe(pid);
  expect(await startLan(folder)).toBe(pid);
  expect((await stat(lanSocket(folder))).mode & 0o7777).toBe(0o700);
  expect((await stat(join(lanSocket(folder), "ctl"))).isSocket()).toBe(true);
});

test("machines that come back at the same moment share one switch", async () => {
  const pids = await Promise.all(Array.from({ length: 10 }, () => startLan(folder)));
  expect(new Set(pids).size).toBe(1);
  expect(await switches()).toEqual([pids[0]]);
  expect(await readdir(folder)).toEqual(["lan", "lan.pid"]);
});

test("ten processes that start it at once share one switch, too", async () => {
  const script = `import { startLan } from ${JSON.stringify(new URL("./lan.ts", import.meta.url).href)}; console.log(await startLan(${JSON.stringify(folder)}));`;
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script])),
  );
  expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
  expect(await switches()).toEqual([Number(runs[0]?.stdout)]);
});

test("a switch that was killed is started anew, and its old sockets are no obstacle", async () => {
  const first = await startLan(folder);
  process.kill(first, "SIGKILL");
  await waitFor({
    what: "the switch to end",
    timeoutMs: 10_000,
    intervalMs: 10,
    probe: async () => ((await isRunning(first, lanSocket(folder))) ? { seen: "it runs" } : { value: true }),
  });
  expect(await lanPid(folder)).toBeUndefined();
  expect(await readdir(folder)).toContain("lan");
  const second = await startLan(folder);
  expect(second).not.toBe(first);
  expect(await switches()).toEqual([second]);
});

test("a pid file that names somebody else's process is no switch", async () => {
  await writeFile(join(folder, "lan.pid"), `${process.pid}\n`);
  expect(await lanPid(folder)).toBeUndefined();
  expect(await startLan(folder)).not.toBe(process.pid);
});

test.each(["", "garbage", "-1", "0"])("a pid file that holds %j is none", async (text) => {
  await writeFile(join(folder, "lan.pid"), text);
  expect(await lanPid(folder)).toBeUndefined();
});

test("the guard of a starter that was killed is taken away", async () => {
  const guard = join(folder, "lan.starting");
  await mkdir(guard);
  await utimes(guard, new Date(0), new Date(0));
  const pid = await startLan(folder);
  expect(await switches()).toEqual([pid]);
  expect(await readdir(folder)).not.toContain("lan.starting");
});

test("the guard of a starter that lives is waited for", async () => {
  const guard = join(folder, "lan.starting");
  await mkdir(guard);
  let started = false;
  const starting = startLan(folder).finally(() => (started = true));
  // Long enough for another one to have come and gone.
  const other = await tempFolder();
  onTestFinished(() => stopLan(other));
  await startLan(other);
  expect([started, await switches()]).toEqual([false, []]);
  await rmdir(guard);
  expect([await starting]).toEqual(await switches());
});

test("a folder that is not there is told at once, and not as somebody else's start", async () => {
  await expect(startLan(join(folder, "gone"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("without vde_switch the error names the packages", async () => {
  vi.stubEnv("PATH", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startLan(folder)).rejects.toMatchObject({ code: "QEMU_MISSING", hint: expect.stringContaining("apt-get install vde2") });
  expect(await readdir(folder)).toEqual([]);
});

test("a switch that does not start is told, and leaves no guard", async () => {
  await writeFile(join(folder, "vde_switch"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  vi.stubEnv("PATH", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startLan(folder)).rejects.toMatchObject({ code: "QEMU_FAILED", summary: `vde_switch did not start in ${folder}.` });
  expect(await readdir(folder)).not.toContain("lan.starting");
});

test("stopping leaves nothing, and is no fault when there is nothing", async () => {
  const pid = await startLan(folder);
  await stopLan(folder);
  expect([await switches(), await readdir(folder)]).toEqual([[], []]);
  expect(await isRunning(pid, lanSocket(folder))).toBe(false);
  await stopLan(folder);
});
