import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { machineFolder, createByHand } from "./file-driver.test.kit.ts";
import { unmanagedMachines } from "./lost-state.ts";
import { readState } from "./state.ts";
import { PC1, test } from "./test-rig.test.kit.ts";

test("a missing state file stops the run instead of creating the machines twice", async ({
  testRig,
}) => {
  await testRig.provision();
  await rm(testRig.files.state);

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc1, running, ${machineFolder(testRig.copy, "pc1")}: there is no state`,
      `pc2, running, ${machineFolder(testRig.copy, "pc2")}: there is no state`,
      `state: ${testRig.files.state}, missing`,
    ],
    hint: expect.stringContaining("vmrig destroy pcs") as string,
  });
  expect(await testRig.destroyInputs()).toEqual([]);
});

test("the error names Terraform's backup when it exists", async ({ testRig }) => {
  await testRig.provision();
  testRig.driver.input = { note: "new" };
  await testRig.provision();
  await rm(testRig.files.state);

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining(`backup: ${testRig.files.backup}, serial`) as string,
  });
});

test("a machine that is not in the state stops the run", async ({ testRig }) => {
  await testRig.provision();
  await createByHand(testRig.copy, "pc3");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc3, running, ${machineFolder(testRig.copy, "pc3")}: it is not in the state, and nothing says who created it`,
      expect.stringContaining("serial"),
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

test("an unreadable state file stops the run", async ({ testRig }) => {
  await mkdir(testRig.files.folder, { recursive: true });
  await writeFile(testRig.files.state, "<<<<<<< HEAD");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining("cannot be read") as string,
  });
});

test("a machine of this owner that the state has with another id is no orphan", async ({
  testRig,
}) => {
  await testRig.provision();
  const older = `${testRig.files.state}.older`;
  await copyFile(testRig.files.state, older);
  await testRig.provision({ allow: new Set([PC1]), replaceAllowed: true });
  await copyFile(older, testRig.files.state);
  testRig.driver.snapshots = ["pristine"];
  await createByHand(testRig.copy, "pc3");
  const { copy, driver, files } = testRig;

  const unmanaged = unmanagedMachines({
    copy,
    state: await readState(files.state),
    empty: false,
    inventory: await driver.inspect(copy),
    last: undefined,
  });

  expect(unmanaged.map(({ name }) => name)).toEqual(["pc3"]);
});
