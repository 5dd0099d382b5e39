import { chmod, mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seededRandom } from "../../../seeded-random.test.kit.ts";
import { OTHER_USER } from "../../../ssh/fixtures/sshd.test.kit.ts";
import type { TestMachine } from "../../fixtures.test.kit.ts";
import type { Machine } from "../../machine.ts";
import type { Progress } from "./transfer-options.ts";
import { inventory, makeTree } from "./tree.test.kit.ts";
import { useTwoSides } from "../two-sides.test.kit.ts";

let rig: TestMachine;
let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ rig, pc1, there, here } = sides));

test("a folder survives upload and download unchanged", async () => {
  const tree = await makeTree(here, "tree");
  const known = await inventory(tree);
  for (const [index, machine] of [pc1, pc1.as(OTHER_USER)].entries()) {
    await using place = await machine.tmpdir();
    await machine.upload(tree, `${place.path}/a'b $(c)\n/`);
    await machine.download(`${place.path}/a'b $(c)\n`, join(here, `back${index}`));
    expect(await inventory(join(here, `back${index}`))).toEqual(known);
    expect((await place.file("a'b $(c)\n/tool").stat()).user).toBe(
      rig.server.becomes(machine.user),
    );
    expect((await pc1.root.file(place.path).entries()).map(({ name }) => name)).toEqual([
      "a'b $(c)\n",
    ]);
  }
});

test("a file keeps mode and time in both directions, and replaces an existing file", async () => {
  const local = join(here, "file");
  const bytes = seededRandom().bytes(3_000_000);
  await writeFile(local, bytes);
  await chmod(local, 0o4751);
  await utimes(local, 1_600_000_000.5, 1_600_000_000.5);
  for (const name of ["--fresh", "--fresh"]) await pc1.upload(local, rig.server.fromHome(name));
  expect(await pc1.file(`${there}/--fresh`).stat()).toMatchObject({
    mode: 0o4751,
    bytes: bytes.length,
    modified: new Date(1_600_000_000_500),
  });
  await pc1.download(rig.server.fromHome("--fresh"), join(here, "file-back"));
  const back = await stat(join(here, "file-back"));
  expect([back.mode & 0o7777, back.mtimeMs]).toEqual([0o4751, 1_600_000_000_500]);
  expect((await readFile(join(here, "file-back"))).equals(bytes)).toBe(true);
  await writeFile(local, "");
  await pc1.upload(local, `${there}/--fresh`);
  expect(await pc1.file(`${there}/--fresh`).bytes()).toHaveLength(0);
  await pc1.download("/proc/version", join(here, "version"));
  expect(await readFile(join(here, "version"), "utf8")).toContain("Linux");
});

test("names that are not UTF-8 survive both directions, also into existing folders", async () => {
  const tree = join(here, "bytes");
  const name = Buffer.from([0x61, 0xff, 0xfe]);
  const nameIn = (folder: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);
  await mkdir(tree);
  await mkdir(nameIn(tree));
  await writeFile(Buffer.concat([nameIn(tree), Buffer.from("/"), name]), "content");
  const sizes: Progress[] = [];
  for (let turn = 0; turn < 2; turn++) {
    await pc1.upload(tree, `${there}/bytes`, { onProgress: (progress) => sizes.push(progress) });
    await pc1.download(`${there}/bytes`, join(here, "bytes-back"));
  }
  expect(sizes.at(-1)).toEqual({ bytes: 7, total: 7 });
  expect(
    await readFile(
      Buffer.concat([nameIn(join(here, "bytes-back")), Buffer.from("/"), name]),
      "utf8",
    ),
  ).toBe("content");
});
