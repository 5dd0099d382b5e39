import { createHash } from "node:crypto";
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seededRandom } from "../../seeded-random.test.kit.ts";
import { NASTY } from "../../ssh/fixtures/nasty-text.test.kit.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

let rig: TestMachine;
let pc1: Machine;
let folder: string;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
  ({ folder } = rig.server);
});

const mode = async (path: string): Promise<string> =>
  (await pc1.root.$`stat -c '%a %U' ${path}`).stdout;
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("text and bytes are read as they were written", async () => {
  const file = pc1.file(`${folder}/text`);
  const text = `${NASTY.join("\n")}\n\n`;
  await file.write(text);
  expect(await file.text()).toBe(text);
  const bytes = seededRandom().bytes(3 * 1024 * 1024);
  await file.write(bytes);
  expect(hash(await file.bytes())).toBe(hash(bytes));
  await file.write("");
  expect(await file.text()).toBe("");
});

test("any name works, and a relative name starts in the home folder", async () => {
  for (const name of ["-n", 'it\'s $(x) "q" *', "new\nline", " "]) {
    const file = pc1.file(rig.server.fromHome(name));
    await file.write(name);
    expect(await pc1.file(join(folder, name)).text()).toBe(name);
  }
});

test("a new file has the requested mode, or the mode of the umask", async () => {
  await pc1.file(`${folder}/secret`).write("x", { mode: 0o600 });
  await pc1.file(`${folder}/tool`).write("x", { mode: 0o755 });
  await pc1.file(`${folder}/plain`).write("x");
  const umask = Number.parseInt((await pc1.$`umask`).stdout, 8);
  expect(await mode(`${folder}/secret`)).toBe(`600 ${pc1.user}`);
  expect(await mode(`${folder}/tool`)).toBe(`755 ${pc1.user}`);
  expect(await mode(`${folder}/plain`)).toBe(`${(0o666 & ~umask).toString(8)} ${pc1.user}`);
});

test("a replaced file keeps mode and owner, also when root writes", async () => {
  const path = `${folder}/kept`;
  await pc1.file(path).write("x", { mode: 0o640 });
  await pc1.root.file(path).write("y");
  expect([await pc1.file(path).text(), await mode(path)]).toEqual(["y", `640 ${pc1.user}`]);
});

test("writing follows a symbolic link and does not replace it", async () => {
  await pc1.$`ln -s target ${folder}/link`;
  await pc1.file(`${folder}/link`).write("through");
  expect(await readlink(join(folder, "link"))).toBe("target");
  expect(await pc1.file(`${folder}/target`).text()).toBe("through");
});

test("a reader sees the old content until the new content is complete", async () => {
  const path = `${folder}/atomic`;
  const file = pc1.file(path);
  const random = seededRandom();
  const versions = [random.bytes(2 * 1024 * 1024), random.bytes(2 * 1024 * 1024)];
  await file.write(versions[0] ?? "");
  const known = new Set(versions.map(hash));
  const written = new AbortController();
  const seen: string[] = [];
  const reader = (async () => {
    while (!written.signal.aborted)
      seen.push((await pc1.$`sha256sum <${path}`).stdout.slice(0, 64));
  })();
  for (let round = 1; round <= 6; round += 1) await file.write(versions[round % 2] ?? "");
  written.abort();
  await reader;
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((one) => !known.has(one))).toEqual([]);
});

test("a write with a broken connection leaves the old content and no temporary file", async () => {
  await using other = await startMachine();
  const path = `${other.server.folder}/kept`;
  await other.pc1.file(path).write("old");
  // The session ends during the transfer: the data is larger than SSH's window.
  const session = (await other.pc1.$`echo $PPID`).stdout;
  const writing = other.pc1.file(path).write(seededRandom().bytes(64 * 1024 * 1024));
  await Promise.all([
    expect(writing).rejects.toMatchObject({ code: "CONNECTION_LOST" }),
    other.pc1.$({ reject: false })`
    until ls -A ${other.server.folder} | grep -q '^[.]vmrig-'; do sleep 0.01; done; kill -KILL ${session}`.catch(
      () => {},
    ),
  ]);
  await other.pc1.waitUntilSucceeds({
    timeout: "15s",
  })`! ls -A ${other.server.folder} | grep '^[.]vmrig-'`;
  expect(await other.pc1.file(path).text()).toBe("old");
});

test("a failed write leaves nothing behind", async () => {
  await pc1.$`mkdir ${folder}/closed`;
  await expect(pc1.file(`${folder}/closed`).write("x")).rejects.toThrow(
    `Cannot write ${folder}/closed on pc1 as ${pc1.user}: Is a directory.`,
  );
  await expect(pc1.file(`${folder}/no/such`).write("x")).rejects.toThrow(
    `Cannot write ${folder}/no/such on pc1 as ${pc1.user}: no such folder.`,
  );
  expect((await readdir(folder)).filter((name) => name.startsWith(".vmrig-"))).toEqual([]);
});

test("the error names a missing file and its machine; other failures have their reason", async () => {
  await expect(pc1.file("dst/a").text()).rejects.toMatchObject({
    code: "FILE_FAILED",
    fault: "test",
    summary: "No such file on pc1: dst/a.",
  });
  await expect(pc1.file(folder).bytes()).rejects.toThrow(
    `Cannot read ${folder} on pc1 as ${pc1.user}: Is a directory.`,
  );
});

test("exists is true for files, folders and dangling links, and false otherwise", async () => {
  await pc1.$`ln -s nowhere ${folder}/dangling`;
  await pc1.file(`${folder}/there`).write("");
  const names = ["there", ".", "dangling", "nothing"];
  expect(await Promise.all(names.map((name) => pc1.file(`${folder}/${name}`).exists()))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
