import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { test } from "./test-provision.test.kit.ts";

test("is closed to other users whatever the umask is, also when an earlier run left it open", async ({
  scene,
}) => {
  const { folder, state } = scene.files;
  const umask = process.umask(0);
  try {
    await scene.provision();
    const fresh = await openToOthers(folder);
    await chmod(folder, 0o755);
    await chmod(state, 0o644);
    // An apply moves the old version to the backup, which keeps its mode.
    scene.driver.input = { note: "new" };
    await scene.provision();

    expect(fresh).toEqual([]);
    expect(await openToOthers(folder)).toEqual([]);
  } finally {
    process.umask(umask);
  }
});

/** Names in a folder, itself as `.`, that others than its owner may do anything with. */
async function openToOthers(folder: string): Promise<string[]> {
  const open: string[] = [];
  for (const name of [".", ...(await readdir(folder))]) {
    const { mode } = await stat(join(folder, name));
    if ((mode & 0o077) !== 0) open.push(`${name} ${(mode & 0o777).toString(8)}`);
  }
  return open;
}

test.for(["a run that was killed", "a run that failed"])(
  "keeps no plan of %s",
  async (what, { scene }) => {
    const { folder } = scene.files;
    await mkdir(join(folder, "plan-killed"), { recursive: true });
    await writeFile(join(folder, "plan-killed", "plan"), "the whole config in clear");
    if (what === "a run that failed") scene.driver.create = "exit 3";

    await scene.provision().catch(() => {});

    expect((await readdir(folder)).filter((name) => name.startsWith("plan-"))).toEqual([]);
  },
);

test("is named when it cannot be made", async ({ scene }) => {
  await writeFile(scene.files.folder, "a file in its place");

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    message: expect.stringMatching(/state of "pcs-1" cannot be kept in .*terraform: /) as string,
  });
});
