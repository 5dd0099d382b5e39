import { once } from "node:events";
import { appendFileSync, rmSync } from "node:fs";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Machine } from "../../machine.ts";
import { litter, useTwoSides } from "../two-sides.test.kit.ts";
import type { TransferEntry } from "./transfer-options.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

/** Creates a folder on the machine, which is this computer. */
async function makeLogs(name: string): Promise<string> {
  const logs = join(there, name);
  await pc1.$`mkdir -p ${logs}/old ${logs}/${"new\nline"} && cd ${logs} && echo a >app.log && echo b >old/app.log && echo c >old/c && echo d >${"new\nline"}/d`;
  return logs;
}

test("`exclude` and `filter` select the files of a download", async () => {
  const logs = await makeLogs("selecting");
  const [excluded, filtered] = [join(here, "excluded"), join(here, "filtered")];
  const result = await pc1.download(logs, excluded, { exclude: ["old/app.*", "new*"] });
  expect((await readdir(excluded, { recursive: true })).toSorted()).toEqual([
    "app.log",
    "old",
    "old/c",
  ]);
  expect(result).toEqual({ files: 2, bytes: 4, leftOut: [], changed: [] });
  const seen: TransferEntry[] = [];
  await pc1.download(logs, filtered, {
    filter(entry) {
      seen.push(entry);
      return entry.path !== "old";
    },
  });
  expect((await readdir(filtered, { recursive: true })).toSorted()).toEqual([
    "app.log",
    "new\nline",
    "new\nline/d",
  ]);
  expect(seen.map(({ path }) => path)).not.toContain("old/c");
  expect(seen.find(({ path }) => path === "app.log")).toMatchObject({
    type: "file",
    bytes: 2,
    mode: (await pc1.file(`${logs}/app.log`).stat()).mode,
    modified: expect.any(Date),
  });
});

test("sockets and files that vanish are left out and reported", async () => {
  const logs = await makeLogs("reporting");
  const server = createServer().listen(join(logs, "app.sock"));
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const result = await pc1.download(logs, join(here, "reporting"), {
    filter({ path }) {
      if (path === "old/c") rmSync(join(logs, path));
      return true;
    },
  });
  expect(result).toMatchObject({
    files: 3,
    leftOut: [
      { path: "app.sock", why: "a socket" },
      { path: "old/c", why: "it vanished during the copy" },
    ],
  });
  expect(await readdir(join(here, "reporting/old"))).toEqual(["app.log"]);
});

test("files that change while they are read are reported", async () => {
  const logs = await makeLogs("growing");
  const file = join(logs, "large");
  await writeFile(file, Buffer.alloc(32 * 1024 * 1024));
  const onProgress = (): void => appendFileSync(file, "more");
  expect(await pc1.download(logs, join(here, "growing"), { onProgress })).toMatchObject({
    files: 5,
    changed: ["large"],
  });
  expect(await pc1.download(file, join(here, "large"), { onProgress })).toMatchObject({
    files: 1,
    changed: [file],
  });
  expect(await pc1.download(file, join(here, "large"))).toMatchObject({ changed: [] });
});

test("a file that the user cannot read fails the download of its folder, with its name", async () => {
  const logs = await makeLogs("secret");
  await writeFile(join(logs, "old/key"), "key");
  await chmod(join(logs, "old/key"), 0);
  await expect(pc1.download(logs, join(here, "secret"))).rejects.toThrow(
    `Cannot download ${logs} on pc1 as ${pc1.user}: ./old/key: Cannot open: Permission denied.`,
  );
  await mkdir(join(logs, "shut"), { mode: 0 });
  await expect(pc1.download(logs, join(here, "secret"))).rejects.toThrow(
    `Cannot download ${logs} on pc1 as ${pc1.user}: '${logs}/shut': Permission denied.`,
  );
  expect(await litter(here)).toEqual([]);
});
