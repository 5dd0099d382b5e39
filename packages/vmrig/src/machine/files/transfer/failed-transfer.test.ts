import { link, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seededRandom } from "../../../seeded-random.test.kit.ts";
import { OTHER_USER } from "../../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine, type TestMachine } from "../../fixtures.test.kit.ts";
import type { Machine } from "../../machine.ts";
import { checkLocalSpace } from "./free-space.ts";
import type { Progress } from "./transfer-options.ts";
import { litter, useTwoSides } from "../two-sides.test.kit.ts";

let rig: TestMachine;
let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ rig, pc1, there, here } = sides));

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
  await writeFile(join(big, "one"), seededRandom().bytes(32 * 1024 * 1024));
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
    const random = seededRandom();
    const small = `${there}/small`;
    await pc1.$`mkdir ${small}`;
    await pc1.root.$`mount -t tmpfs -o size=4m,mode=777 tmpfs ${small}`;
    const tree = join(here, "too-big");
    await mkdir(tree);
    for (const name of ["a", "b", "c", "d"])
      await writeFile(join(tree, name), random.bytes(2 * 1024 * 1024));
    await writeFile(join(here, "huge"), random.bytes(32 * 1024 * 1024));
    await pc1.file(`${small}/huge`).write("old");
    const full = {
      code: "FILE_FAILED",
      fault: "test",
      summary: expect.stringMatching(/ on pc1 as .+: No space left on device\.$/),
    };
    const refused = {
      code: "FILE_FAILED",
      summary: expect.stringMatching(
        / on pc1 as .+: No space left on device: it needs 34 MB, and [34] MB are free\.$/,
      ),
    };
    await mkdir(join(here, "huge-tree"));
    await link(join(here, "huge"), join(here, "huge-tree/one"));
    await link(join(here, "huge"), join(here, "huge-tree/two"));
    for (const machine of [pc1, pc1.root]) {
      for (const local of ["huge", "huge-tree"])
        for (const remote of [local, "new"])
          await expect(
            machine.upload(join(here, local), `${small}/${remote}`),
          ).rejects.toMatchObject(refused);
      await expect(machine.upload(tree, `${small}/tree`)).rejects.toMatchObject(full);
      await expect(machine.upload(tree, small)).rejects.toMatchObject(full);
      await expect(
        machine.file(`${small}/huge`).write(random.bytes(8_000_000)),
      ).rejects.toMatchObject(full);
    }
    expect((await pc1.file(small).entries()).map(({ name }) => name)).toEqual(["huge"]);
    expect(await pc1.file(`${small}/huge`).text()).toBe("old");
    expect(rig.dials()).toBe(1);
  });
}

test("a download that does not fit on this computer is refused", async () => {
  await expect(checkLocalSpace(here, "copy", 1e18)).rejects.toThrow(
    /^Cannot write copy on this computer: No space left on device: it needs 1000000000000 MB, and \d+ MB are free\.$/,
  );
});

test("an upload with a broken connection leaves nothing behind", async () => {
  const random = seededRandom();
  await using other = await startMachine();
  const tree = join(here, "torn");
  await mkdir(tree);
  for (const name of ["a", "b", "c"])
    await writeFile(join(tree, name), random.bytes(16 * 1024 * 1024));
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
