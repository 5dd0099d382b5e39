import { mkdtemp, readdir, rm, symlink, lutimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tryStartLock } from "./start-lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Returns a pid that was in use and is not in use any more. */
const deadPid = () => String(spawnSync(process.execPath, ["-e", ""]).pid);

test("one caller holds the lock until it releases the lock", async () => {
  const first = await tryStartLock(folder);
  expect(await tryStartLock(folder)).toBeUndefined();
  await first?.[Symbol.asyncDispose]();
  expect(await (await tryStartLock(folder))?.isMine()).toBe(true);
});

test("a lock of a killed process does not block", async () => {
  await symlink(deadPid(), join(folder, "start-7"));
  expect(await tryStartLock(folder)).toBeDefined();
  expect(await readdir(folder)).toEqual(["start-8"]);
});

test("a lock whose pid now belongs to another process blocks for a minute at most", async () => {
  await symlink(String(process.pid), join(folder, "start-7"));
  expect(await tryStartLock(folder)).toBeUndefined();
  const past = new Date(Date.now() - 61_000);
  await lutimes(join(folder, "start-7"), past, past);
  expect(await tryStartLock(folder)).toBeDefined();
});

test("one of many concurrent callers succeeds a stale lock", async () => {
  for (let round = 0; round < 20; round++) {
    await rm(folder, { recursive: true });
    folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
    await symlink(deadPid(), join(folder, "start-1"));
    const locks = await Promise.all(Array.from({ length: 20 }, () => tryStartLock(folder)));
    const mine = await Promise.all(locks.map(async (lock) => (await lock?.isMine()) ?? false));
    expect(mine.filter(Boolean)).toHaveLength(1);
  }
});

test("an owner that was overtaken while it slept notices it", async () => {
  const slow = await tryStartLock(folder);
  await symlink(String(process.pid), join(folder, "start-2"));
  expect(await slow?.isMine()).toBe(false);
});

test("numbers grow, and old locks are removed", async () => {
  for (let i = 0; i < 5; i++) await (await tryStartLock(folder))?.[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual(["start-5"]);
});
