import { once } from "node:events";
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { flock } from "./flock.ts";
import { claimFolder } from "./folder-claim.ts";
import { fileLockHolder, tryFileLock, withFileLock } from "./file-lock.ts";
import { hasNamespaces, inNewPidNamespace, moduleUrl } from "./pid-namespace.test.kit.ts";
import { identifyProcess } from "./process-identity.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const what = "the machines of pcs-1";
let folder: string;
let path: string;
beforeEach(async () => {
  folder = join(await tempFolder(), "pcs-1");
  path = join(folder, "pc1.lock");
});

/** Claims the folder and holds the lock, as a gate in a container does, until it is killed. */
const HOLD = `import { claimFolder } from ${moduleUrl("./folder-claim.ts", import.meta.url)};
  import { tryFileLock } from ${moduleUrl("./file-lock.ts", import.meta.url)};
  const [folder, path] = process.argv.slice(1);
  await claimFolder(folder, { what: "the machines of pcs-1" });
  await tryFileLock(path);
  console.log(process.pid);
  setInterval(() => {}, 1000);`;

test.runIf(hasNamespaces)(
  "a holder in another container keeps the lock until its end",
  async () => {
    const container = inNewPidNamespace(HOLD, [folder, path]);
    expect(await container.line()).toBe("1");
    expect(await fileLockHolder(path)).toBe(1);
    await expect(
      withFileLock({ path, on: "pc1", timeoutMs: 300 }, () => Promise.resolve("acted")),
    ).rejects.toMatchObject({
      code: "RIG_BUSY",
      summary: expect.stringMatching(
        /process 1 of another container \(PID namespace \d+\) holds it/,
      ),
    });
    // Killed, as a cancelled job of CI is: it cannot remove its lock.
    await container.end();
    expect(await readdir(folder)).toContain("pc1.lock");
    expect(await withFileLock({ path, on: "pc1" }, () => Promise.resolve("acted"))).toBe("acted");
  },
);

test("a lock from another namespace without any claim of the folder is never removed", async () => {
  await mkdir(folder);
  const me = await identifyProcess(process.pid);
  await symlink(`7 100 x ${me.boot} 1`, path);
  expect(await tryFileLock(path)).toBeUndefined();
  expect(await readdir(folder)).toEqual(["pc1.lock"]);
});

test("a lock of another namespace is stale once this one has claimed the folder", async () => {
  using _claim = await claimFolder(folder, { what });
  const me = await identifyProcess(process.pid);
  await symlink(`7 100 x ${me.boot} 1`, path);
  await using lock = await tryFileLock(path);
  expect(await lock?.isMine()).toBe(true);
});

test("a lock from before the last boot is stale, even if its pid and start time fit", async () => {
  await mkdir(folder);
  const child = spawn("sleep", ["3600"], { stdio: "ignore" });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const { pid, startTime, pidNamespace } = await identifyProcess(child.pid as number);
  await symlink(`${pid} ${startTime} x earlier ${pidNamespace}`, path);
  await using lock = await tryFileLock(path);
  expect(await lock?.isMine()).toBe(true);
});

test("a lock of an older version, without boot and namespace, is not taken from its holder", async () => {
  await mkdir(folder);
  const { pid, startTime } = await identifyProcess(process.pid);
  await symlink(`${pid} ${startTime} x`, path);
  expect(await tryFileLock(path)).toBeUndefined();
  await rm(path);
  await symlink(`${pid} 1 x`, path);
  await using lock = await tryFileLock(path);
  expect(await lock?.isMine()).toBe(true);
});

test.each(["", "0a1b2c3d"])(
  "a lock of another namespace with boot id %j asks the claim of the folder first",
  async (boot) => {
    await mkdir(folder);
    await symlink(`7 100 x ${boot} 1`, path);
    const owner = { boot, pidNamespace: "1", host: "ci", pid: 7, at: 0 };
    await writeFile(join(folder, "in-use"), JSON.stringify(owner));
    const fd = openSync(join(folder, "in-use"), "r");
    expect(await flock({ fd, path, kind: "shared" })).toBe("locked");
    expect(await tryFileLock(path)).toBeUndefined();
    closeSync(fd);
    await using lock = await tryFileLock(path);
    expect(await lock?.isMine()).toBe(true);
  },
);
