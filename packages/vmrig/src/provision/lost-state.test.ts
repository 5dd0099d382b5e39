import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { machineFolder, makeByHand } from "./file-driver.test.kit.ts";
import { test } from "./test-provision.test.kit.ts";

test("nothing is made double when the state file is gone", async ({ scene }) => {
  await scene.provision();
  await rm(scene.files.state);

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc1, running, ${machineFolder(scene.copy, "pc1")}: there is no state`,
      `pc2, running, ${machineFolder(scene.copy, "pc2")}: there is no state`,
      `state: ${scene.files.state}, missing`,
    ],
    hint: expect.stringContaining("vmrig destroy pcs") as string,
  });
  expect(await scene.destroyed()).toEqual([]);
});

test("the error points to Terraform's backup, if there is one", async ({ scene }) => {
  await scene.provision();
  scene.driver.input = { note: "new" };
  await scene.provision();
  await rm(scene.files.state);

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining(
      `the state before it: ${scene.files.backup}, serial`,
    ) as string,
  });
});

test("a machine that the state does not know stops the run", async ({ scene }) => {
  await scene.provision();
  await makeByHand(scene.copy, "pc3");

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc3, running, ${machineFolder(scene.copy, "pc3")}: the state does not know it`,
      expect.stringContaining("serial"),
    ],
  });
});

test("a machine of another owner stops the run", async ({ scene }) => {
  await scene.provision();
  await writeFile(join(machineFolder(scene.copy, "pc1"), "owner"), "somebody-else");

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining("it belongs to the state of somebody-else") as string,
  });
});

test("a state file that is none stops the run", async ({ scene }) => {
  await mkdir(scene.files.folder, { recursive: true });
  await writeFile(scene.files.state, "<<<<<<< HEAD");

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining("cannot be read") as string,
  });
});
