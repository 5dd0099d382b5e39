import { expect } from "vitest";
import { machine } from "./file-driver.test.kit.ts";
import { PC1, test } from "./test-rig.test.kit.ts";
import { created, expectWhole } from "./whole-rig.test.kit.ts";

test("a state that was emptied is filled again from machines that were used, and they stay", async ({
  testRig,
}) => {
  await testRig.provision();
  testRig.driver.snapshots = ["pristine"];
  const before = [await created(testRig, "pc1"), await created(testRig, "pc2")];
  await testRig.emptyState();

  await testRig.provision();

  expect([await created(testRig, "pc1"), await created(testRig, "pc2")]).toEqual(before);
  await expectWhole(testRig);
});

test.for([
  ["of an owner that nothing recorded", false, undefined, "nothing says who created it"],
  ["that were used and have another size", true, 1024, "the config describes another machine"],
] as const)(
  "an emptied state stops the run for machines %s",
  async ([, owned, size, why], { testRig }) => {
    await testRig.provision();
    testRig.driver.snapshots = ["pristine"];
    await testRig.emptyState();
    if (!owned) {
      const { text } = await testRig.stored();
      await testRig.replaceState(JSON.stringify({ ...JSON.parse(text), resources: [] }));
    }
    testRig.copy = { ...testRig.copy, machines: [machine("pc1", size), machine("pc2", size)] };
    const before = await created(testRig, "pc1");
    const { version } = await testRig.stored();

    await expect(testRig.provision()).rejects.toMatchObject({
      code: "STATE_LOST",
      details: expect.arrayContaining([
        expect.stringMatching(`^pc1, running, .*: it is not in the state, and ${why}$`),
        expect.stringContaining(`: version ${version}, owner ${owned ? "" : "none"}`),
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
  const older = await testRig.stored();
  const { copy } = testRig;
  testRig.copy = { ...copy, machines: [machine("pc1", 1024), machine("pc2")] };
  await testRig.provision({ allow: new Set([PC1]) });
  testRig.copy = copy;
  testRig.driver.snapshots = ["pristine"];
  await testRig.replaceState(older.text);

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining(
      "it was created again after this version of the state",
    ) as string,
  });
});
