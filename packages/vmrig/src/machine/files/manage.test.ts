import { expect, test } from "vitest";
import { OTHER_USER } from "../../ssh/fixtures/sshd.test.kit.ts";
import { type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

let rig: TestMachine;
let pc1: Machine;
let folder: string;
const undone: Array<() => Promise<void>> = [];
useMachine(
  (made) => {
    rig = made;
    ({ pc1 } = rig);
    ({ folder } = rig.server);
  },
  { onCleanup: (work) => void undone.push(work) },
);

test("a file is read, appended to, inspected and removed", async () => {
  const log = pc1.file(`${folder}/app.log`);
  await log.append("one\n");
  await log.append("two\n");
  expect(await log.text()).toBe("one\ntwo\n");
  await log.chmod(0o640);
  expect(await log.stat()).toMatchObject({ type: "file", bytes: 8, mode: 0o640, user: pc1.user });
  await log.remove();
  expect(await log.exists()).toBe(false);
});

test("stat returns type, size, mode, owner, group and time of any kind of file", async () => {
  await pc1.$`cd ${folder} && printf abc >f && chmod 4750 f && touch -d @1700000000.25 f && mkfifo p && mkdir d && chmod 1777 d`;
  const [uid, gid] = (await pc1.$`id -u; id -g`).stdout.split("\n").map(Number);
  const facts = {
    user: pc1.user,
    uid,
    gid,
    bytes: 3,
    mode: 0o4750,
    modified: new Date(1_700_000_000_250),
  };
  expect(await pc1.file(`${folder}/f`).stat()).toMatchObject({ type: "file", ...facts });
  expect(await pc1.file(`${folder}/p`).stat()).toMatchObject({ type: "fifo" });
  expect(await pc1.file(`${folder}/d`).stat()).toMatchObject({ type: "folder", mode: 0o1777 });
  await pc1.$`cd ${folder} && ln -s ${"f\n"} l && ln -s f to-f`;
  expect(await pc1.file(`${folder}/l`).stat({ follow: false })).toMatchObject({
    type: "link",
    target: "f\n",
  });
  expect(await pc1.file(`${folder}/to-f`).stat()).toMatchObject({ type: "file", ...facts });
  expect(await pc1.file("/dev/null").stat()).toMatchObject({
    type: "device",
    user: "root",
    group: "root",
  });
  expect(await pc1.file("/").stat()).toMatchObject({ type: "folder" });
});

test("folders are created, listed and removed", async () => {
  const made = pc1.file(`${folder}/made`);
  await made.mkdir({ mode: 0o750 });
  await pc1.file(`${folder}/made/a/b`).mkdir({ recursive: true });
  await pc1.file(`${folder}/made/.dot`).write("");
  await pc1.file(`${folder}/made/link`).symlink("a");
  expect(await made.entries()).toEqual([
    { name: ".dot", path: `${folder}/made/.dot`, type: "file" },
    { name: "a", path: `${folder}/made/a`, type: "folder" },
    { name: "link", path: `${folder}/made/link`, type: "link" },
  ]);
  expect((await made.stat()).mode).toBe(0o750);
  await expect(made.remove()).rejects.toThrow(
    `Cannot remove ${made.path} on pc1 as ${pc1.user}: Directory not empty.`,
  );
  await made.chmod(0o700, { recursive: true });
  await made.remove({ recursive: true });
  await made.remove({ force: true });
  expect(await made.exists()).toBe(false);
});

test("every operation accepts any name, and no shell interprets it", async () => {
  for (const name of ["--help", "$(touch pwned)", "new\nline\n", `a'"b`, " ", "é".repeat(127)]) {
    const file = pc1.file(`${rig.server.fromHome(".")}/${name}`);
    await file.write(name);
    await file.append(name);
    await file.chmod(0o600);
    expect([await file.text(), (await file.stat()).mode]).toEqual([name + name, 0o600]);
    await file.remove();
    await file.symlink(name);
    expect((await file.stat({ follow: false })).target).toBe(name);
    await file.remove();
    await file.mkdir();
    expect(await file.entries()).toEqual([]);
    await file.remove();
    expect(await file.exists()).toBe(false);
  }
  expect(await pc1.file("pwned").exists()).toBe(false);
});

test("every operation names a missing file; other failures have the system's reason", async () => {
  const none = pc1.file(`${folder}/none`);
  const missing = {
    code: "FILE_FAILED",
    fault: "test",
    summary: `No such file on pc1: ${none.path}.`,
  };
  const asks = [
    none.stat,
    none.json,
    () => none.chmod(0o600),
    () => none.chown(pc1.user),
    none.remove,
    none.entries,
  ];
  for (const ask of asks) {
    await expect(ask()).rejects.toMatchObject(missing);
  }
  await pc1.file(`${folder}/text`).write("x");
  const as = `on pc1 as ${pc1.user}`;
  await expect(pc1.file(`${folder}/text`).entries()).rejects.toThrow(
    `Cannot list ${folder}/text ${as}: Not a directory.`,
  );
  await expect(pc1.file(`${folder}/text`).mkdir()).rejects.toThrow(
    `Cannot make the folder ${folder}/text ${as}: File exists.`,
  );
  await expect(pc1.file(`${folder}/text`).symlink("x")).rejects.toThrow(
    `Cannot make a symbolic link of ${folder}/text ${as}: File exists.`,
  );
  await expect(pc1.file(`${folder}/text`).json()).rejects.toThrow(
    `Cannot read ${folder}/text ${as}: it is not JSON: `,
  );
  await expect(pc1.file(`${folder}/a/b`).append("x")).rejects.toThrow(
    `Cannot append to ${folder}/a/b ${as}: no such folder.`,
  );
  await expect(pc1.file("/proc/version").write("x")).rejects.toThrow(
    "Cannot write /proc/version on pc1 as ",
  );
});

test("another user's files belong to that user", async () => {
  const other = pc1.as(OTHER_USER);
  await using shared = await other.tmpdir();
  await shared.file("x").write('{"a":1}');
  expect(await shared.file("x").stat()).toMatchObject({
    type: "file",
    mode: 0o644,
    user: rig.server.becomes(OTHER_USER),
  });
  expect(await shared.file("x").json<{ a: number }>()).toEqual({ a: 1 });
  await pc1.root.file(`${shared.path}/x`).chown("root:root");
  expect(await pc1.root.file(`${shared.path}/x`).stat()).toMatchObject({
    user: rig.server.becomes("root"),
  });
});

test("watchUntil resolves with the expected text, and its timeout has the last observation", async () => {
  const log = pc1.file(`${folder}/grows`);
  const seen = log.watchUntil((text) => text.includes("ready"), { interval: 20 });
  await log.write("starting\n");
  await log.append("ready\n");
  expect(await seen).toBe("starting\nready\n");
  await expect(log.watchUntil(() => false, { timeout: 60, interval: 20 })).rejects.toThrow(
    /^Waited \d+\.\d s for the content of .+ on pc1; last seen: 15 characters, which end with "ready"\.$/m,
  );
  await expect(
    pc1.file(`${folder}/never`).watchUntil(() => true, { timeout: 60, interval: 20 }),
  ).rejects.toThrow(`last seen: No such file on pc1: ${folder}/never.`);
});

test("only its user can enter a temporary folder, and the end of the test removes it", async () => {
  const kept = await pc1.tmpdir();
  await kept.file("x").write("1");
  expect(await pc1.file(kept.path).stat()).toMatchObject({
    type: "folder",
    mode: 0o700,
    user: pc1.user,
  });
  expect(undone.length).toBeGreaterThan(0);
  for (const work of undone) await work();
  expect(await pc1.file(kept.path).exists()).toBe(false);
  let path = "";
  {
    await using used = await pc1.tmpdir();
    ({ path } = used);
    await pc1.$`mkdir -p ${path}/a/b`;
  }
  expect(await pc1.file(path).exists()).toBe(false);
});
