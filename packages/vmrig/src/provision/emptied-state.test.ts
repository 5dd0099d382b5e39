import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { expect } from "vitest";
import { machine } from "./file-driver.test.kit.ts";
import { readState } from "./state.ts";
import { PC1, test } from "./test-rig.test.kit.ts";
import { created, expectWhole } from "./whole-rig.test.kit.ts";

test("a state that was emptied is filled again from machines that were used, and they stay", async ({
  testRig,
}) => {
  await testRig.provision();
  testRig.driver.snapshots = ["pristine"];
  const before = [await created(testRig, "pc1"), await created(testRig, "pc2")];
  await truncate(testRig.files.state);

  await testRig.provision();

  expect([await created(testRig, "pc1"), await created(testRig, "pc2")]).toEqual(before);
  await expectWhole(testRig);
});

test.for([
  ["of an owner that nothing recorded", false, undefined, "nothing says who created it"],
  ["that were used and have another size", true, 1024, "the config describes another machine"],
] as const)(
  "an empty state stops the run for machines %s, and is called empty",
  async ([, owned, size, why], { testRig }) => {
    await testRig.provision();
    testRig.driver.snapshots = ["pristine"];
    await truncate(testRig.files.state);
    if (!owned) await rm(testRig.files.lastApply);
    testRig.copy = { ...testRig.copy, machines: [machine("pc1", size), machine("pc2", size)] };
    const before = await created(testRig, "pc1");

    await expect(testRig.provision()).rejects.toMatchObject({
      code: "STATE_LOST",
      details: expect.arrayContaining([
        expect.stringMatching(`^pc1, running, .*: the state is empty, and ${why}$`),
        `state: ${testRig.files.state}, empty: a Terraform or OpenTofu was killed before it saved the first state`,
      ]) as string[],
    });
    expect(await created(testRig, "pc1")).toBe(before);
    expect(testRig.driver.removed).toEqual([]);
  },
);

test("an older version of the state stops the run for a machine of another size", async ({
  testRig,
}) => {
  await testRig.provision();
  const older = await readFile(testRig.files.state, "utf8");
  const { copy } = testRig;
  testRig.copy = { ...copy, machines: [machine("pc1", 1024), machine("pc2")] };
  await testRig.provision({ allow: new Set([PC1]) });
  testRig.copy = copy;
  testRig.driver.snapshots = ["pristine"];
  await writeFile(testRig.files.state, older);

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining(
      "it was created again after this version of the state",
    ) as string,
  });
});

test.for(["", '{ "owner": "o', "{}"])(
  "a record of the last apply that contains %j blocks no run, and is written again",
  async (text, { testRig }) => {
    await testRig.provision();
    await writeFile(testRig.files.lastApply, text);

    await testRig.provision();

    expect(testRig.output).toContain(
      `state: ${testRig.files.lastApply} cannot be read; writing it again`,
    );
    expect(JSON.parse(await readFile(testRig.files.lastApply, "utf8"))).toEqual({
      owner: (await readState(testRig.files.state))?.owner,
      changes: [],
    });
  },
);
