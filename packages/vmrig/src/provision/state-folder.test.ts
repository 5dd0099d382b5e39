import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { test } from "./test-rig.test.kit.ts";

test("the state folder is closed to other users with any umask, also when an earlier run left it open", async ({
  testRig,
}) => {
  const { folder, versions } = testRig.files;
  const umask = process.umask(0);
  try {
    await testRig.provision();
    const afterFirstRun = await openToOthers(folder);
    await chmod(folder, 0o755);
    await chmod(versions, 0o755);
    testRig.driver.input = { note: "new" };
    await testRig.provision();

    expect(afterFirstRun).toEqual([]);
    expect(await openToOthers(folder)).toEqual([]);
  } finally {
    process.umask(umask);
  }
});

/** Returns the folder as `.`, its entries and the versions in it that other users may access. */
async function openToOthers(folder: string): Promise<string[]> {
  const open: string[] = [];
  const versions = (await readdir(join(folder, "state"))).map((name) => join("state", name));
  for (const name of [".", ...(await readdir(folder)), ...versions]) {
    const { mode } = await stat(join(folder, name));
    if ((mode & 0o077) !== 0) open.push(`${name} ${(mode & 0o777).toString(8)}`);
  }
  return open;
}

test.for(["a run that was killed", "a run that failed"])(
  "deletes the plan of %s, and its configuration",
  async (what, { testRig }) => {
    const { folder, configuration } = testRig.files;
    await mkdir(join(folder, "plan-killed"), { recursive: true });
    await writeFile(join(folder, "plan-killed", "plan"), "the whole config in plain text");
    if (what === "a run that failed") testRig.driver.create = "exit 3";

    await testRig.provision().catch(() => {});

    expect((await readdir(folder)).filter((name) => name.startsWith("plan-"))).toEqual([]);
    await expect(stat(configuration)).rejects.toThrow("ENOENT");
  },
);

test("the error names a state folder that cannot be created", async ({ testRig }) => {
  await writeFile(testRig.files.folder, "a file in its place");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    message: expect.stringMatching(/state of "pcs-1" cannot be stored in .*terraform: /) as string,
  });
});
