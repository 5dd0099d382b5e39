import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Redis } from "ioredis";
import { systemClock, type Clock } from "../clock/clock.ts";
import { tryFileLock } from "../local-files/file-lock.ts";
import { waitFor } from "../wait/wait-for.ts";
import { embeddedRedis } from "./embedded-redis.ts";
import { Child } from "../lease/fixtures/child.ts";
import { person } from "../lease/fixtures/holders.ts";
import { openLeaseStore } from "../lease/open-lease-store.ts";
import { isProcessRunning } from "../local-files/process-identity.ts";
import { PCS } from "../lease/fixtures/rigs.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let base: string;
let folder: string;
let dataFolder: string;
let socketPath: string;
/** Pid of every server that a test saw. All are ended, whatever happens to the pid file. */
let servers: Set<number>;

beforeEach(async () => {
  base = await tempFolder();
  folder = join(base, "run");
  dataFolder = join(base, "data");
  socketPath = join(folder, "redis.sock");
  servers = new Set();
});
afterEach(async () => {
  const noted = Number(await readFile(join(dataFolder, "redis.pid"), "utf8").catch(() => "0"));
  if (noted > 1) servers.add(noted);
  for (const pid of servers) await kill(pid);
});

async function kill(pid: number): Promise<void> {
  if (isProcessRunning(pid)) process.kill(pid, "SIGKILL");
  await gone(pid);
}

function gone(pid: number): Promise<void> {
  return waitFor({
    what: `the end of ${pid}`,
    timeoutMs: 5000,
    intervalMs: 10,
    probe: () => Promise.resolve(isProcessRunning(pid) ? { seen: "runs" } : { value: undefined }),
  });
}

/** Requests the embedded Redis and returns the pid of the server that answers. */
async function start(): Promise<number> {
  const found = await embeddedRedis({ folder, dataFolder });
  expect(found).toEqual({ socketPath });
  return serverPid();
}

async function serverPid(): Promise<number> {
  const pid = await ask(async (redis) =>
    Number(/process_id:(\d+)/.exec(await redis.info("server"))?.[1]),
  );
  servers.add(pid);
  return pid;
}

async function ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ path: socketPath });
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

test("the server syncs its append-only file on each write, never evicts, and listens on no port", async () => {
  await start();
  const settings = ["appendonly", "appendfsync", "maxmemory-policy", "port", "save"];
  const found = await ask((redis) =>
    Promise.all(settings.map(async (name) => (await redis.config("GET", name))[1])),
  );
  expect(found).toEqual(["yes", "always", "noeviction", "0", ""]);
});

test("only this user can access the socket, data and folders", async () => {
  await start();
  for (const path of [folder, dataFolder, socketPath])
    expect((await lstat(path)).mode & 0o077).toBe(0);
});

test("the server does not inherit the environment of the run that started it, and an early exit is reported", async () => {
  // Redis overwrites its environment in ps and /proc, so a script in its place records it.
  const path = join(base, "bin");
  await mkdir(path);
  await writeFile(
    join(path, "redis-server"),
    `#!/bin/sh\n/usr/bin/env > ${base}/environment\necho out of luck\nexit 3\n`,
    { mode: 0o755 },
  );
  process.env["VMRIG_TEST_SECRET"] = "hunter2";
  const outcome = embeddedRedis({ folder, dataFolder, path }).finally(
    () => delete process.env["VMRIG_TEST_SECRET"],
  );
  await expect(outcome).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: expect.stringContaining("exit code 3"),
    details: ["out of luck"],
  });
  const environment = await readFile(join(base, "environment"), "utf8");
  expect(environment).toContain("PATH=");
  expect(environment).not.toContain("hunter2");
});

test("the server outlives the process that started it, and the next process finds it", async () => {
  await using child = new Child("embedded-process.ts", [folder, dataFolder]);
  const { pid } = await child.says("pid");
  servers.add(pid as number);
  expect(await child.ended()).toBe(0);
  expect(await start()).toBe(pid);
});

test("twenty concurrent starts share one server, although a killed process left its start lock behind", async () => {
  const { pid: dead } = spawnSync(process.execPath, ["-e", ""]);
  await symlink(`${dead} 1 x`, join(base, "redis-start.lock"));
  const found = await Promise.all(
    Array.from({ length: 20 }, () => embeddedRedis({ folder, dataFolder })),
  );
  expect(new Set(found.map((one) => one.socketPath))).toEqual(new Set([socketPath]));
  await serverPid();
  expect(await startsInLog()).toBe(1);
});

test("processes that start concurrently share one server", async () => {
  const children = Array.from(
    { length: 6 },
    () => new Child("embedded-process.ts", [folder, dataFolder]),
  );
  try {
    const pids = (await Promise.all(children.map((child) => child.says("pid")))).map(
      ({ pid }) => pid as number,
    );
    pids.forEach((pid) => servers.add(pid));
    expect(new Set(pids).size).toBe(1);
    expect(await startsInLog()).toBe(1);
  } finally {
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  }
});

test("a starter that never finishes is named when the wait ends", async () => {
  await using _starter = await tryFileLock(join(base, "redis-start.lock"));
  // 100 times as fast as the real time.
  const clock: Clock = {
    ...systemClock,
    monotonic: () => performance.now() * 100,
    sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
  };
  await expect(embeddedRedis({ folder, dataFolder, clock })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: expect.stringContaining(`process ${process.pid} is starting it`),
  });
});

async function startsInLog(): Promise<number> {
  return (
    (await readFile(join(dataFolder, "redis.log"), "utf8")).split("Server initialized").length - 1
  );
}

test("a killed server is restarted despite its stale socket, and no lease is lost", async () => {
  const first = await start();
  const leases = await openLeaseStore({ redis: { socketPath } });
  const lease = await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
  await kill(first);
  expect((await lstat(socketPath)).isSocket()).toBe(true);
  expect(await start()).not.toBe(first);
  expect((await leases.view(PCS)).copies[0]?.held?.fence).toBe(lease.fence);
  await leases.close();
  expect(lease.state).toBe("released");
});

test("when the socket folder was deleted the old server is stopped, and the new server has its leases", async () => {
  const first = await start();
  const leases = await openLeaseStore({ redis: { socketPath } });
  const lease = await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
  await rm(folder, { recursive: true });
  expect(await start()).not.toBe(first);
  await gone(first);
  expect((await leases.view(PCS)).copies[0]?.held?.fence).toBe(lease.fence);
  await leases.close();
});

test("when its data was deleted the server runs while a client uses it, and is replaced when it is idle", async () => {
  const first = await start();
  const leases = await openLeaseStore({ redis: { socketPath } });
  const lease = await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
  await rm(dataFolder, { recursive: true });
  expect(await start()).toBe(first);
  await leases.saveRecord(lease, "still writable");
  await leases.close();
  await waitFor({
    what: "a run that finds no other client connected",
    timeoutMs: 5000,
    probe: async () => ((await start()) === first ? { seen: "the old one" } : { value: undefined }),
  });
  expect(await readdir(dataFolder)).toContain("redis.pid");
  const again = await openLeaseStore({ redis: { socketPath } });
  expect(
    (await again.acquire(PCS, { holder: person("bob"), waitForMs: 1000 })).fence,
  ).toBeGreaterThan(lease.fence);
  await again.close();
});

test("a pid file that names an unrelated process does not end that process", async () => {
  await mkdir(dataFolder, { mode: 0o700 });
  await writeFile(join(dataFolder, "redis.pid"), `${process.pid}\n`);
  expect(await start()).not.toBe(process.pid);
});

test("damaged data is reported with the log, and left in place", async () => {
  const first = await start();
  await kill(first);
  const files = join(dataFolder, "appendonlydir");
  const damaged = join(files, (await readdir(files)).find((name) => name.includes(".base.")) ?? "");
  await writeFile(damaged, "REDIS damaged");
  await expect(embeddedRedis({ folder, dataFolder })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    message: expect.stringContaining("exited during startup"),
    hint: expect.stringContaining(dataFolder),
  });
  expect(await readFile(damaged, "utf8")).toBe("REDIS damaged");
});

test("a start waits for a socket that accepts but does not answer, and never replaces it", async () => {
  await mkdir(folder, { mode: 0o700 });
  const silent = createServer((socket) => socket.on("error", () => {}).resume()).listen(socketPath);
  await once(silent, "listening");
  const outcome = embeddedRedis({ folder, dataFolder });
  await once(silent, "connection");
  await once(silent, "connection");
  expect(await readdir(folder)).toEqual(["redis.sock"]);
  silent.close();
  await outcome;
  await serverPid();
});

test("a folder that other users can write is refused", async () => {
  await mkdir(folder);
  await chmod(folder, 0o777);
  await expect(embeddedRedis({ folder, dataFolder })).rejects.toMatchObject({
    code: "FOLDER_UNSAFE",
  });
});

test("a path that is too long for a socket is refused", async () => {
  await expect(
    embeddedRedis({ folder: join(base, "x".repeat(100)), dataFolder }),
  ).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("without a server on PATH the error says what to install", async () => {
  await expect(embeddedRedis({ folder, dataFolder, path: "" })).rejects.toMatchObject({
    code: "REDIS_MISSING",
  });
});
