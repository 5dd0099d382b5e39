import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { NASTY } from "../../ssh/fixtures/nasty-text.test.kit.ts";
import { OTHER_USER } from "../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine, type TestMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";
import { stageLocally } from "./local-folder.ts";
import type { Progress } from "./progress.ts";
import { receive } from "./receive.ts";
import { useTwoSides } from "./two-sides.test.kit.ts";

let rig: TestMachine;
let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ rig, pc1, there, here } = sides));

/** Creates a folder with every property that a copy can lose. */
async function makeTree(name: string): Promise<string> {
  const tree = join(here, name);
  await mkdir(join(tree, "empty"), { recursive: true });
  await mkdir(join(tree, "shut/in"), { recursive: true });
  await writeFile(join(tree, "shut/in/file"), "within");
  await writeFile(join(tree, "tool"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(tree, ".hidden"), randomBytes(70_000));
  for (const nasty of NASTY.slice(1).filter((one) => !one.includes("/")))
    await writeFile(join(tree, nasty), nasty);
  await writeFile(join(tree, "é".repeat(127)), "long");
  await symlink("no where\n", join(tree, "dangling"));
  await symlink("tool", join(tree, "link"));
  await utimes(join(tree, "tool"), 1_700_000_000.25, 1_700_000_000.25);
  await chmod(join(tree, "empty"), 0o2770);
  await chmod(join(tree, "shut/in"), 0o555);
  await chmod(join(tree, "shut"), 0o555);
  return tree;
}

/** Returns mode, time and content of all files of the tree, by path. */
async function inventory(folder: string, path = "."): Promise<Record<string, string>> {
  const facts = await lstat(join(folder, path));
  const content = facts.isSymbolicLink()
    ? await readlink(join(folder, path))
    : facts.isFile()
      ? (await readFile(join(folder, path))).toString("hex")
      : "";
  const own = {
    [path]: `${(facts.mode & 0o7777).toString(8)} ${path === "./tool" ? facts.mtimeMs : ""} ${content}`,
  };
  if (!facts.isDirectory()) return own;
  const below = await Promise.all(
    (await readdir(join(folder, path))).map((name) => inventory(folder, `${path}/${name}`)),
  );
  return Object.assign(own, ...below) as Record<string, string>;
}

const litter = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith(".vmrig-"));

test("a folder survives upload and download unchanged", async () => {
  const tree = await makeTree("tree");
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

test("a folder is merged into an existing folder: its files replace existing files, other files stay", async () => {
  const tree = join(here, "overlay");
  await mkdir(join(tree, "sub/deep"), { recursive: true });
  await mkdir(join(tree, "new"));
  await writeFile(join(tree, "sub/deep/x"), "new x");
  await writeFile(join(tree, "new/.y"), "y");
  await chmod(join(tree, "sub"), 0o500);
  await chmod(tree, 0o500);
  const target = join(there, "merged");
  await pc1.$`mkdir -p -m 751 ${target} ${target}/sub/deep && cd ${target} && echo old >sub/deep/x && echo stays >sub/z`;
  const mode = (await stat(target)).mode;
  await pc1.upload(tree, target);
  const content = (path: string): Promise<string> => readFile(join(target, path), "utf8");
  expect([await content("sub/deep/x"), await content("sub/z"), await content("new/.y")]).toEqual([
    "new x",
    "stays\n",
    "y",
  ]);
  expect((await stat(target)).mode).toBe(mode);
  expect(await litter(target)).toEqual([]);

  await pc1.$`cd ${target} && echo remote >sub/z`;
  await mkdir(join(here, "mine/sub"), { recursive: true });
  await writeFile(join(here, "mine/sub/own"), "own");
  await pc1.download(target, join(here, "mine"));
  expect((await readdir(join(here, "mine/sub"))).toSorted()).toEqual(["deep", "own", "z"]);
  expect(await readFile(join(here, "mine/sub/z"), "utf8")).toBe("remote\n");
  expect(await litter(join(here, "mine"))).toEqual([]);
});

test("a file keeps mode and time in both directions, and replaces an existing file", async () => {
  const local = join(here, "file");
  const bytes = randomBytes(3_000_000);
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

test("a folder that conflicts with the existing folder is rejected before anything is moved", async () => {
  const tree = join(here, "misfit");
  await mkdir(join(tree, "z"), { recursive: true });
  await writeFile(join(tree, "a"), "new");
  await writeFile(join(tree, "z/b"), "new");
  const target = `${there}/misfit`;
  await pc1.$`mkdir -p ${target}/z/b && echo old >${target}/a`;
  await expect(pc1.upload(tree, target)).rejects.toThrow("Is a directory.");
  expect(await pc1.file(`${target}/a`).text()).toBe("old\n");
  await expect(pc1.download(target, tree)).rejects.toThrow(
    `Cannot write ${tree}/z/b on this computer: it is a file.`,
  );
  expect(await readFile(join(tree, "a"), "utf8")).toBe("new");
  await pc1.$`rm -r ${target}/z && echo file >${target}/z`;
  await expect(pc1.upload(tree, target)).rejects.toThrow("Not a directory.");
  await expect(pc1.download(target, tree)).rejects.toThrow(
    `Cannot write ${tree}/z on this computer: it is a folder.`,
  );
  expect([await pc1.file(`${target}/a`).text(), await readFile(join(tree, "a"), "utf8")]).toEqual([
    "old\n",
    "new",
  ]);
  expect([await litter(target), await litter(tree)]).toEqual([[], []]);
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

test("a forged archive from a machine writes nothing outside the target folder", async () => {
  const cage = join(here, "cage");
  await mkdir(join(cage, "evil"), { recursive: true });
  await mkdir(join(cage, "into"));
  await writeFile(join(cage, "evil/f"), "evil");
  await symlink(join(cage, "into"), join(cage, "evil/l"));
  const archive = async (transform: string, ...names: readonly string[]): Promise<Buffer> =>
    (
      await promisify(execFile)(
        "tar",
        ["-c", "-P", "-f", "-", "-C", join(cage, "evil"), `--transform=${transform}`, ...names],
        {
          encoding: "buffer",
        },
      )
    ).stdout;
  const archives = [
    await archive("s,^f,../../escaped,", "f"),
    await archive(`s,^f,${join(cage, "absolute")},`, "f"),
    await archive("s,^f,l/through,", "l", "f"),
  ];
  for (const [index, bytes] of archives.entries()) {
    await using staging = await stageLocally(join(cage, `out${index}`));
    await receive(
      Readable.from([Buffer.concat([Buffer.from("folder 0 0 0\n"), bytes])]),
      staging,
      {},
    ).catch(() => {});
    expect([(await readdir(here)).includes("escaped"), await readdir(join(cage, "into"))]).toEqual([
      false,
      [],
    ]);
  }
  expect((await readdir(cage)).toSorted()).toEqual(["evil", "into"]);
});

test("progress counts the content up to the total", async () => {
  const tree = await makeTree("counted");
  const total = Object.values(await inventory(tree)).length;
  expect(total).toBeGreaterThan(20);
  const seen: Record<string, Progress[]> = { up: [], down: [], file: [] };
  await pc1.upload(tree, `${there}/counted`, {
    onProgress: (progress) => seen["up"]?.push(progress),
  });
  await pc1.download(`${there}/counted`, join(here, "counted-back"), {
    onProgress: (progress) => seen["down"]?.push(progress),
  });
  await pc1.upload(join(tree, ".hidden"), `${there}/one`, {
    onProgress: (progress) => seen["file"]?.push(progress),
  });
  expect(seen["file"]?.at(-1)).toEqual({ bytes: 70_000, total: 70_000 });
  expect(seen["up"]?.at(-1)).toEqual(seen["down"]?.at(-1));
  for (const steps of Object.values(seen)) {
    expect(steps.map(({ bytes }) => bytes)).toEqual(
      steps.map(({ bytes }) => bytes).toSorted((one, other) => one - other),
    );
    expect(steps.at(-1)?.bytes).toBe(steps.at(-1)?.total);
  }
});

test("a failed copy names the file and the reason, and leaves nothing behind", async () => {
  const local = join(here, "some");
  await writeFile(local, "x");
  const as = `on pc1 as ${pc1.user}`;
  await expect(pc1.upload(join(here, "none"), "x")).rejects.toMatchObject({
    code: "FILE_FAILED",
    summary: `Cannot upload ${join(here, "none")}: there is no such file on this computer.`,
  });
  await expect(pc1.upload(local, `${there}/no/such`)).rejects.toThrow(
    `Cannot upload ${local} to ${there}/no/such ${as}: no such folder.`,
  );
  await expect(pc1.upload(local, there)).rejects.toThrow(`${as}: Is a directory.`);
  await pc1.upload(local, `${there}/a-file`);
  await expect(pc1.upload(here, `${there}/a-file`)).rejects.toThrow(`${as}: Not a directory.`);
  await expect(pc1.download(`${there}/none`, join(here, "x"))).rejects.toThrow(
    `No such file on pc1: ${there}/none.`,
  );
  await expect(pc1.download(`${there}/a-file`, join(here, "no/such"))).rejects.toMatchObject({
    code: "FILE_FAILED",
  });
  await expect(pc1.download(`${there}/a-file`, here)).rejects.toThrow(
    `Cannot write ${here} on this computer: it is a folder.`,
  );
  await expect(pc1.download(there, local)).rejects.toThrow(
    `Cannot write ${local} on this computer: it is a file.`,
  );
  await expect(pc1.download("/dev/null", join(here, "x"))).rejects.toThrow(
    "it is neither a file nor a folder.",
  );
  expect([await litter(there), await litter(here)]).toEqual([[], []]);
});

test("a cancelled copy leaves nothing behind on either side", async () => {
  const big = join(here, "big");
  await mkdir(big);
  await writeFile(join(big, "one"), randomBytes(32 * 1024 * 1024));
  await pc1.$`mkdir -p ${there}/big && head -c 33554432 /dev/zero >${there}/big/two`;
  const copies = [
    (options: object) => pc1.upload(join(big, "one"), `${there}/up`, options),
    (options: object) => pc1.upload(big, `${there}/up`, options),
    (options: object) => pc1.as(OTHER_USER).upload(big, `/tmp/${OTHER_USER}-up`, options),
    (options: object) => pc1.download(`${there}/big/two`, join(here, "down"), options),
    (options: object) => pc1.download(`${there}/big`, join(here, "down"), options),
  ];
  const processes = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === "ProcessWrap").length;
  const before = processes();
  for (const copy of copies) {
    const enough = new AbortController();
    const onProgress = ({ bytes }: Progress): void => void (bytes > 1_000_000 && enough.abort());
    await expect(copy({ signal: enough.signal, onProgress })).rejects.toMatchObject({
      code: "CANCELLED",
    });
  }
  expect([await litter(there), await litter(here), await litter("/tmp")]).toEqual([[], [], []]);
  expect((await readdir(here)).includes("down")).toBe(false);
  // As many sessions as the server allows: the cancelled copies occupy none of them.
  const messages = await Promise.all(
    Array.from({ length: 10 }, async () => (await pc1.$`echo on; sleep 0.2`).stdout),
  );
  expect(messages).toEqual(Array.from({ length: 10 }, () => "on"));
  expect([rig.dials(), processes()]).toEqual([1, before]);
});

// Only root can mount a small disk. Without root the test is not registered.
if (process.getuid?.() === 0) {
  test("a full disk fails with that reason, and no partial file is left", async () => {
    const small = `${there}/small`;
    await pc1.$`mkdir ${small}`;
    await pc1.root.$`mount -t tmpfs -o size=4m,mode=777 tmpfs ${small}`;
    const tree = join(here, "too-big");
    await mkdir(tree);
    for (const name of ["a", "b", "c", "d"])
      await writeFile(join(tree, name), randomBytes(2 * 1024 * 1024));
    await writeFile(join(here, "huge"), randomBytes(32 * 1024 * 1024));
    await pc1.file(`${small}/huge`).write("old");
    const full = {
      code: "FILE_FAILED",
      fault: "test",
      summary: expect.stringMatching(/ on pc1 as .+: No space left on device\.$/),
    };
    for (const machine of [pc1, pc1.root]) {
      await expect(machine.upload(join(here, "huge"), `${small}/huge`)).rejects.toMatchObject(full);
      await expect(machine.upload(tree, `${small}/tree`)).rejects.toMatchObject(full);
      await expect(machine.upload(tree, small)).rejects.toMatchObject(full);
      await expect(
        machine.file(`${small}/huge`).write(randomBytes(8_000_000)),
      ).rejects.toMatchObject(full);
    }
    expect((await pc1.file(small).entries()).map(({ name }) => name)).toEqual(["huge"]);
    expect(await pc1.file(`${small}/huge`).text()).toBe("old");
    expect(rig.dials()).toBe(1);
  });
}

test("an upload with a broken connection leaves nothing behind", async () => {
  await using other = await startMachine();
  const tree = join(here, "torn");
  await mkdir(tree);
  for (const name of ["a", "b", "c"])
    await writeFile(join(tree, name), randomBytes(16 * 1024 * 1024));
  const session = (await other.pc1.$`echo $PPID`).stdout;
  const killing = new AbortController();
  const upload = other.pc1.upload(tree, `${other.server.folder}/torn`, {
    onProgress({ bytes }) {
      if (bytes < 1_000_000 || killing.signal.aborted) return;
      killing.abort();
      other.pc1.$({ reject: false })`kill -KILL ${session}`.catch(() => {});
    },
  });
  await expect(upload).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  await other.pc1.waitUntilSucceeds({ timeout: "15s" })`! ls -A ${other.server.folder} | grep .`;
});
