import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  linkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startMachine } from "../../fixtures.test.kit.ts";
import type { Machine } from "../../machine.ts";
import { litter, useTwoSides } from "../two-sides.test.kit.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

async function makeFolder(name: string): Promise<string> {
  const folder = join(here, name);
  await mkdir(join(folder, ".git/objects"), { recursive: true });
  for (const file of [".git/index", ".git/index.lock", ".git/objects/a", "b"])
    await writeFile(join(folder, file), file);
  return folder;
}

test("a file that vanishes during an upload is left out and reported", async () => {
  for (const [vanishing, last] of [
    [".git/index.lock", ".git/index.lock"],
    [".git/objects", ".git/objects/a"],
  ] as const) {
    const folder = await makeFolder("vanishing");
    const to = `${there}/vanishing`;
    const result = await pc1.upload(folder, to, {
      filter({ path }) {
        if (path === last) rmSync(join(folder, vanishing), { recursive: true });
        return true;
      },
    });
    const leftOut = [{ path: vanishing, why: "it vanished during the copy" }];
    expect(result).toMatchObject({ files: 3, leftOut });
    expect(await pc1.file(`${to}/${vanishing}`).exists()).toBe(false);
    expect(await pc1.file(`${to}/b`).text()).toBe("b");
    await pc1.file(to).remove({ recursive: true });
  }
});

test("a file that changes during an upload is read again", async () => {
  const folder = await makeFolder("changing");
  await pc1.upload(folder, `${there}/changing`, {
    filter({ path }) {
      if (path === "b") appendFileSync(join(folder, "b"), " and more");
      if (path === ".git/index") truncateSync(join(folder, path), 1);
      return true;
    },
  });
  expect(await pc1.file(`${there}/changing/b`).text()).toBe("b and more");
  expect(await pc1.file(`${there}/changing/.git/index`).text()).toBe(".");
});

test("a file that is moved away and back during an upload is in the copy", async () => {
  const folder = await makeFolder("moving");
  const [file, away] = [join(folder, "b"), join(here, "moved-away")];
  const result = await pc1.upload(folder, `${there}/moving`, {
    filter({ path }) {
      if (path === "b") renameSync(file, away);
      return true;
    },
    onProgress() {
      if (existsSync(away)) renameSync(away, file);
    },
  });
  expect(result).toMatchObject({ files: 4, leftOut: [] });
  expect(await pc1.file(`${there}/moving/b`).text()).toBe("b");
});

test("all hard links of a file that changes during an upload are read again", async () => {
  const folder = await makeFolder("linked");
  // `tar` waits in the middle of the file until its output is read.
  await writeFile(join(folder, "b"), Buffer.alloc(3_000_000, "old"));
  linkSync(join(folder, "b"), join(folder, "c"));
  let changed = false;
  const result = await pc1.upload(folder, `${there}/linked`, {
    onProgress() {
      if (!changed) truncateSync(join(folder, "b"), 10);
      changed = true;
    },
  });
  const facts = await Promise.all(["b", "c"].map((name) => stat(join(there, "linked", name))));
  expect(facts).toMatchObject([
    { size: 10, nlink: 2 },
    { size: 10, nlink: 2 },
  ]);
  expect(facts[0]?.ino).toBe(facts[1]?.ino);
  expect(result.files).toBe(5);
  expect(await pc1.upload(folder, `${there}/linked-2`)).toMatchObject({ files: 5, bytes: 59 });
});

test("a folder that a link replaces during an upload fails it", async () => {
  const folder = await makeFolder("replaced");
  const victim = join(there, "victim");
  await mkdir(victim);
  const upload = pc1.upload(folder, `${there}/replaced`, {
    filter({ path }) {
      if (path !== ".git/objects/a") return true;
      rmSync(join(folder, ".git/objects"), { recursive: true });
      symlinkSync(victim, join(folder, ".git/objects"));
      return true;
    },
  });
  await expect(upload).rejects.toThrow(
    `Cannot upload ${folder}/.git/objects: it was replaced by another type of file.`,
  );
  expect(existsSync(`${there}/replaced`)).toBe(false);
});

test("a folder that vanishes during its upload is named", async () => {
  const folder = await makeFolder("vanished");
  const filter = (): boolean => {
    rmSync(folder, { recursive: true, force: true });
    return true;
  };
  await expect(pc1.upload(folder, `${there}/vanished`, { filter })).rejects.toThrow(
    `Cannot upload ${folder}: Error: ENOENT`,
  );
  expect([existsSync(`${there}/vanished`), await litter(there)]).toEqual([false, []]);
});

test("a file that changes all the time fails the upload, and nothing is left behind", async () => {
  const folder = await makeFolder("changing-always");
  const file = join(folder, "b");
  // `tar` waits in the middle of the file until its output is read.
  await writeFile(file, Buffer.alloc(3_000_000));
  const onProgress = (): void => appendFileSync(file, "more");
  await expect(pc1.upload(folder, `${there}/always`, { onProgress })).rejects.toMatchObject({
    code: "FILE_FAILED",
    summary: `Cannot upload ${folder}: b changed twice while it was read.`,
  });
  await expect(pc1.upload(file, `${there}/always`, { onProgress })).rejects.toThrow(
    `Cannot upload ${file}: it changed while it was read.`,
  );
  expect([await readdir(there), await litter(there)]).toEqual([
    expect.not.arrayContaining(["always"]),
    [],
  ]);
});

test("a single file that changes once during its upload is sent again", async () => {
  const file = join(here, "single");
  await writeFile(file, Buffer.alloc(3_000_000, "old"));
  let changed = false;
  await pc1.upload(file, `${there}/single`, {
    onProgress() {
      if (!changed) appendFileSync(file, "new");
      changed = true;
    },
  });
  expect(await pc1.file(`${there}/single`).stat()).toMatchObject({ bytes: 3_000_003 });
});

test("sockets are left out and reported, also in the transcript", async () => {
  const folder = await makeFolder("with-socket");
  const server = createServer().listen(join(folder, "app.sock"));
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const printed: string[] = [];
  await using rig = await startMachine({
    observer: () => (begun) => ({
      ended: () => void printed.push(String(begun.printed().stderr)),
      secret: () => {},
    }),
  });
  const leftOut = [{ path: "app.sock", why: "a socket" }];
  expect(await rig.pc1.upload(folder, `${rig.server.folder}/it`)).toMatchObject({
    files: 4,
    leftOut,
  });
  expect(printed).toEqual(["vmrig: left out app.sock: a socket\n"]);
});
