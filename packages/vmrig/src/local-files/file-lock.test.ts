import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { fileLockHolder, tryFileLock, withFileLock } from "./file-lock.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await tempFolder();
  path = join(folder, "copy", "pc1.lock");
});

const remaining = (): Promise<string[]> => readdir(join(folder, "copy"));

/** Starts another process that holds the lock until it is killed. */
async function occupy(): Promise<{
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}> {
  const url = JSON.stringify(new URL("./file-lock.ts", import.meta.url).href);
  const script = `import { withFileLock } from ${url};
    await withFileLock({ path: ${JSON.stringify(path)}, on: "pc1" }, () => { console.log("held"); return new Promise((end) => setTimeout(end, 3_600_000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const { pid = 0 } = child;
  return {
    pid,
    async kill(signal) {
      const ended = once(child, "exit");
      child.kill(signal);
      if (signal === "SIGKILL") await ended;
    },
  };
}

test("one of many concurrent callers holds the lock at a time, and no file is left behind", async () => {
  let acting = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      withFileLock({ path, on: "pc1" }, async () => {
        most = Math.max(most, (acting += 1));
        await readdir(folder);
        acting -= 1;
      }),
    ),
  );
  expect([most, await remaining()]).toEqual([1, []]);
});

test("releases the lock and rethrows the error when the action fails", async () => {
  await expect(
    withFileLock({ path, on: "pc1" }, () => Promise.reject(new Error("no"))),
  ).rejects.toThrow("no");
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve(7))).toBe(7);
});

test("a suspended holder keeps the lock, and the wait fails with its pid", async () => {
  const holder = await occupy();
  await holder.kill("SIGSTOP");
  const late = withFileLock({ path, on: "pc1", timeoutMs: 300 }, () => Promise.resolve("acted"));
  await expect(late).rejects.toMatchObject({
    code: "RIG_BUSY",
    summary: expect.stringContaining(`process ${holder.pid} holds it`),
    hint: expect.stringContaining(path),
  });
  expect(await fileLockHolder(path)).toBe(holder.pid);
  expect(await remaining()).toEqual(["pc1.lock"]);
});

test("a killed holder loses the lock immediately to one of the waiting callers", async () => {
  const holder = await occupy();
  let acting = 0;
  const waiting = Array.from({ length: 20 }, () =>
    withFileLock({ path, on: "pc1" }, async () => {
      expect((acting += 1)).toBe(1);
      await readdir(folder);
      acting -= 1;
    }),
  );
  await holder.kill("SIGKILL");
  await Promise.all(waiting);
  expect([await fileLockHolder(path), await remaining()]).toEqual([undefined, []]);
});

test("a holder whose pid now belongs to another process does not hold the lock", async () => {
  const held = await withFileLock({ path, on: "pc1" }, () => readlink(path));
  const [pid, , token] = held.split(" ");
  await symlink(`${pid} 1 ${token}`, path);
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
});

test.each(["garbage", "-1 1 x", "0"])("a lock with the content %j has no holder", async (text) => {
  await withFileLock({ path, on: "pc1" }, () => Promise.resolve());
  await symlink(text, path);
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
});

test("a process that died while it removed a stale lock does not block the lock", async () => {
  await withFileLock({ path, on: "pc1" }, () => Promise.resolve());
  const dead = "4194305 1 x";
  await symlink(dead, path);
  const removalLock = `${path}.${createHash("sha256").update(dead).digest("hex").slice(0, 8)}`;
  await symlink("4194306 1 y", removalLock);
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
  expect(await remaining()).toEqual([]);
});

test("a lock occupies no disk block", async () => {
  const { size, target } = await withFileLock({ path, on: "pc1" }, async () => ({
    size: (await lstat(path)).blocks,
    target: await readlink(path),
  }));
  // ext4 stores a shorter target in the inode.
  expect(size).toBe(0);
  expect(target.length).toBeLessThan(60);
});

test("an aborted wait leaves no file behind", async () => {
  await occupy();
  const reason = new Error("the lease is lost");
  const giveUp = new AbortController();
  const waiting = withFileLock({ path, on: "pc1", signal: giveUp.signal }, () => Promise.resolve());
  giveUp.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(await remaining()).toEqual(["pc1.lock"]);
});

test("a folder that cannot be created is reported with its path", async () => {
  await writeFile(join(folder, "copy"), "");
  await expect(withFileLock({ path, on: "pc1" }, () => Promise.resolve())).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(join(folder, "copy")),
  });
});

/** Creates the lock of a process that was killed. */
async function plantStale(): Promise<void> {
  await mkdir(join(folder, "copy"), { recursive: true });
  await symlink(`${spawnSync(process.execPath, ["-e", ""]).pid} 1 x`, path);
}

test("one caller of tryFileLock holds the lock until it releases the lock", async () => {
  const first = await tryFileLock(path);
  expect([await tryFileLock(path), await first?.isMine()]).toEqual([undefined, true]);
  await first?.[Symbol.asyncDispose]();
  expect(await remaining()).toEqual([]);
  expect(await (await tryFileLock(path))?.isMine()).toBe(true);
});

test("tryFileLock takes the lock of a killed process at once", async () => {
  await plantStale();
  await using lock = await tryFileLock(path);
  expect(await lock?.isMine()).toBe(true);
  expect(await remaining()).toEqual(["pc1.lock"]);
});

test("tryFileLock takes the lock of a process whose pid now belongs to another one", async () => {
  await mkdir(join(folder, "copy"));
  await symlink(`${process.pid} 1 x`, path);
  expect(await (await tryFileLock(path))?.isMine()).toBe(true);
});

test("one of many concurrent callers of tryFileLock succeeds a killed holder", async () => {
  for (let round = 0; round < 20; round++) {
    await rm(join(folder, "copy"), { recursive: true, force: true });
    await plantStale();
    const locks = await Promise.all(Array.from({ length: 20 }, () => tryFileLock(path)));
    const mine = await Promise.all(locks.map(async (lock) => (await lock?.isMine()) ?? false));
    expect([locks.filter(Boolean), mine.filter(Boolean)]).toEqual([[expect.anything()], [true]]);
    expect(await remaining()).toEqual(["pc1.lock"]);
  }
});

test("a holder whose lock was deleted and taken by another notices it, and does not release it", async () => {
  const slow = await tryFileLock(path);
  await rm(join(folder, "copy"), { recursive: true });
  expect(await slow?.isMine()).toBe(false);
  const next = await tryFileLock(path);
  expect([await slow?.isMine(), await next?.isMine()]).toEqual([false, true]);
  await slow?.[Symbol.asyncDispose]();
  expect(await next?.isMine()).toBe(true);
});

test("racing processes never hold the lock together", async () => {
  await plantStale();
  const held = join(folder, "held");
  const script = `import { tryFileLock } from ${JSON.stringify(new URL("./file-lock.ts", import.meta.url).href)};
    import { rm, writeFile } from "node:fs/promises";
    for (let turns = 0; turns < 20; ) {
      await using lock = await tryFileLock(${JSON.stringify(path)});
      if (lock === undefined) continue;
      await writeFile(${JSON.stringify(held)}, "", { flag: "wx" });
      await rm(${JSON.stringify(held)});
      turns += 1;
    }`;
  const ends = await Promise.all(
    Array.from({ length: 3 }, () =>
      once(
        spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }),
        "exit",
      ),
    ),
  );
  expect([ends, await remaining()]).toEqual([ends.map(() => [0, null]), []]);
});
