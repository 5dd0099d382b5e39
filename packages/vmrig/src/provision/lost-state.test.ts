import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { machineFolder, createByHand } from "./file-driver.test.kit.ts";
import { unmanagedMachines } from "./lost-state.ts";
import { PC1, test } from "./test-rig.test.kit.ts";

test("a missing state stops the run instead of creating the machines twice", async ({
  testRig,
}) => {
  await testRig.provision();
  await rm(testRig.files.versions, { recursive: true });

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc1, running, ${machineFolder(testRig.copy, "pc1")}: there is no state`,
      `pc2, running, ${machineFolder(testRig.copy, "pc2")}: there is no state`,
      expect.stringMatching(/^state of "pcs-1" in .*: there is none$/),
    ],
    hint: "bring the state back: `vmrig state push` stores a copy of it, or remove these machines with `vmrig destroy pcs --copy pcs-1`",
  });
  expect(await testRig.destroyInputs()).toEqual([]);
});

test("a machine that is not in the state stops the run", async ({ testRig }) => {
  await testRig.provision();
  await createByHand(testRig.copy, "pc3");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc3, running, ${machineFolder(testRig.copy, "pc3")}: it is not in the state, and nothing says who created it`,
      expect.stringMatching(/: version \d+, owner /),
    ],
  });
});

test("a machine of another owner stops the run", async ({ testRig }) => {
  await testRig.provision();
  await writeFile(join(machineFolder(testRig.copy, "pc1"), "owner"), "another-owner");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining("it belongs to the state of another-owner") as string,
  });
});

test("a damaged state stops the run", async ({ testRig }) => {
  await testRig.provision();
  await testRig.replaceState("<<<<<<< HEAD");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining("is damaged") as string,
  });
});

test("a machine of this owner that the state has with another id is no orphan", async ({
  testRig,
}) => {
  await testRig.provision();
  const older = await testRig.stored();
  await testRig.provision({ replace: new Set([PC1]) });
  await testRig.replaceState(older.text);
  testRig.driver.snapshots = ["pristine"];
  await createByHand(testRig.copy, "pc3");
  const { copy, driver } = testRig;

  const unmanaged = unmanagedMachines({
    copy,
    ...(await testRig.state()),
    inventory: await driver.inspect(copy),
  });

  expect(unmanaged.map(({ name }) => name)).toEqual(["pc3"]);
});
