import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdtemp, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { withFileLock, fileLockHolder } from "./file-lock.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  path = join(folder, "copy", "pc1.turn");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

const left = (): Promise<string[]> => readdir(join(folder, "copy"));

/** Another process that has the turn until it is ended. */
async function occupy(): Promise<{
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}> {
  const url = JSON.stringify(new URL("./file-lock.ts", import.meta.url).href);
  const script = `import { inTurn } from ${url};
    await inTurn({ path: ${JSON.stringify(path)}, on: "pc1" }, () => { console.log("mine"); return new Promise((end) => setTimeout(end, 3_600_000)); });`;
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

test("of many who want it at once one acts at a time, and nothing is left behind", async () => {
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
  expect([most, await left()]).toEqual([1, []]);
});

test("gives the turn back, and the failure on, when the deed fails", async () => {
  await expect(
    withFileLock({ path, on: "pc1" }, () => Promise.reject(new Error("no"))),
  ).rejects.toThrow("no");
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve(7))).toBe(7);
});

test("a stopped holder keeps it: the wait ends with its pid", async () => {
  const holder = await occupy();
  await holder.kill("SIGSTOP");
  const late = withFileLock({ path, on: "pc1", timeoutMs: 300 }, () => Promise.resolve("acted"));
  await expect(late).rejects.toMatchObject({
    code: "RIG_BUSY",
    summary: expect.stringContaining(`process ${holder.pid} has it`),
    hint: expect.stringContaining(path),
  });
  expect(await fileLockHolder(path)).toBe(holder.pid);
  expect(await left()).toEqual(["pc1.turn"]);
});

test("a killed holder loses it at once, to one of those who wait", async () => {
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
  expect([await fileLockHolder(path), await left()]).toEqual([undefined, []]);
});

test("a pid that somebody else has by now holds nothing", async () => {
  const held = await withFileLock({ path, on: "pc1" }, () => readlink(path));
  const [pid, , token] = held.split(" ");
  await symlink(`${pid} 1 ${token}`, path);
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
});

test.each(["garbage", "-1 1 x", "0"])("a turn that holds %j is nobody's", async (text) => {
  await withFileLock({ path, on: "pc1" }, () => Promise.resolve());
  await symlink(text, path);
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
});

test("who died while it took away a dead one's turn is no obstacle", async () => {
  await withFileLock({ path, on: "pc1" }, () => Promise.resolve());
  const dead = "4194305 1 x";
  await symlink(dead, path);
  const grave = `${path}.${createHash("sha256").update(dead).digest("hex").slice(0, 8)}`;
  await symlink("4194306 1 y", grave);
  expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
  expect(await left()).toEqual([]);
});

test("a turn takes no room on the disk but its name", async () => {
  const { size, target } = await withFileLock({ path, on: "pc1" }, async () => ({
    size: (await lstat(path)).blocks,
    target: await readlink(path),
  }));
  // ext4 keeps shorter ones in the inode.
  expect(size).toBe(0);
  expect(target.length).toBeLessThan(60);
});

test("who gives up waiting leaves nothing", async () => {
  await occupy();
  const reason = new Error("the lease is lost");
  const giveUp = new AbortController();
  const waiting = withFileLock({ path, on: "pc1", signal: giveUp.signal }, () => Promise.resolve());
  giveUp.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(await left()).toEqual(["pc1.turn"]);
});

test("a folder that cannot be made is told with its path", async () => {
  await writeFile(join(folder, "copy"), "");
  await expect(withFileLock({ path, on: "pc1" }, () => Promise.resolve())).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(join(folder, "copy")),
  });
});
