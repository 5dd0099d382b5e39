import { randomBytes } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { encryptedStore } from "./state/encryption/encrypted-store.ts";
import { parseStateKeys } from "./state/encryption/state-keys.ts";
import { destroy } from "./destroy.ts";
import { CREATE, machine, machineFolder, createByHand } from "./file-driver.test.kit.ts";
import { heldGuard, PC1, PC2, test } from "./test-rig.test.kit.ts";

test("runs the destroy steps and forgets the owner; the next run creates the machines with a new owner", async ({
  testRig,
}) => {
  const { stamp } = await testRig.provision();

  expect(await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });

  expect(await testRig.destroyInputs()).toHaveLength(2);
  expect(testRig.output).toContain("destroy: terraform_data.pc1, terraform_data.pc2");
  expect(testRig.driver.removed).toEqual([]);
  expect(await testRig.machines()).toEqual([]);
  expect((await testRig.state()).stamp).toBeUndefined();
  const again = await testRig.provision();
  expect(again.created).toHaveLength(2);
  expect(again.stamp.owner).not.toBe(stamp.owner);
});

test.for(["", "pcs-1", "PCS"])(
  "touches nothing when the confirmation is %j",
  async (confirm, { testRig }) => {
    await createByHand(testRig.copy, "pc1");

    await expect(destroy({ ...testRig.destroyOptions(), confirm })).rejects.toMatchObject({
      code: "CONFIRMATION_MISSING",
      hint: "run `vmrig destroy pcs`",
    });
    expect(await testRig.machines()).toEqual(["pc1"]);
  },
);

test("does nothing when no machine exists", async ({ testRig }) => {
  expect(await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).toEqual({ destroyed: [] });
});

test("removes machines whose state is lost", async ({ testRig }) => {
  await testRig.provision();
  await rm(testRig.files.folder, { recursive: true });

  expect(await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).toEqual({
    destroyed: ["pc1", "pc2"],
  });
  expect(await testRig.machines()).toEqual([]);
});

test("removes machines whose state is damaged; the damaged version stays in the history", async ({
  testRig,
}) => {
  await testRig.provision();
  const { text, version } = await testRig.stored();
  await testRig.replaceState(text.slice(0, 200));
  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    summary: expect.stringMatching(/^The state of "pcs-1" in .* is damaged\.$/) as string,
    hint: "return to an earlier version with `vmrig state rollback`, or remove all machines with `vmrig destroy`",
  });
  expect(await testRig.machines()).toEqual(["pc1", "pc2"]);

  await destroy({ ...testRig.destroyOptions(), confirm: "pcs" });

  expect(await testRig.machines()).toEqual([]);
  expect(testRig.output).toContain(
    `state: version ${version + 1} cannot be read; it stays in the history`,
  );
  expect((await testRig.states.readVersion(testRig.copy, version + 1))?.text).toHaveLength(200);
  expect(await testRig.provision()).toMatchObject({ created: [PC1, PC2] });
});

test("removes machines whose state no key decrypts, if a person says that the key is lost", async ({
  testRig,
}) => {
  const key = () => parseStateKeys(randomBytes(32).toString("base64"));
  const { states } = testRig;
  await testRig.provision({ states: encryptedStore(states, { keys: key() }) });
  const options = { ...testRig.destroyOptions(), states: encryptedStore(states, { keys: key() }) };
  const confirmed = { ...options, confirm: "pcs" };
  await expect(destroy(confirmed)).rejects.toMatchObject({ code: "STATE_KEY_MISSING" });
  expect(await testRig.machines()).toEqual(["pc1", "pc2"]);

  await destroy({ ...confirmed, lostKey: true });

  expect(await testRig.machines()).toEqual([]);
  expect(await testRig.provision({ states: options.states })).toMatchObject({
    created: [PC1, PC2],
  });
});

test("keeps everything when the state is only out of reach", async ({ testRig }) => {
  await testRig.provision();
  const { version } = await testRig.stored();
  const path = join(testRig.files.versions, `${version}.tfstate`);
  await rename(path, `${path}.kept`);
  await mkdir(path);

  await expect(destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).rejects.toThrow("EISDIR");
  expect(await testRig.machines()).toEqual(["pc1", "pc2"]);
});

test("removes half-created machines, for which Terraform runs no destroy step", async ({
  testRig,
}) => {
  testRig.driver.create = `${CREATE} && exit 3`;
  await expect(testRig.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });

  expect(await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });
  expect(testRig.driver.removed).toEqual(["pc1", "pc2"]);
  expect(await testRig.machines()).toEqual([]);
});

test("removes a machine that is no longer in the config", async ({ testRig }) => {
  await testRig.provision();
  testRig.copy = { ...testRig.copy, machines: [machine("pc1")] };

  expect(await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });
  expect(await testRig.machines()).toEqual([]);
});

test("succeeds when a machine is already gone", async ({ testRig }) => {
  await testRig.provision();
  await rm(machineFolder(testRig.copy, "pc1"), { recursive: true });

  expect((await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).destroyed).toHaveLength(
    2,
  );
});

test("destroys nothing when the lease is lost", async ({ testRig }) => {
  await testRig.provision();
  const lost = new Error("lease lost");

  await expect(
    destroy({
      ...testRig.destroyOptions(),
      confirm: "pcs",
      guard: heldGuard(AbortSignal.abort(lost)),
    }),
  ).rejects.toBe(lost);
  expect(await testRig.machines()).toEqual(["pc1", "pc2"]);
});

test("needs no image: each destroy step receives the input that its machine was created with", async ({
  testRig,
}) => {
  testRig.driver.input = { disk: "the old one" };
  await testRig.provision();
  testRig.driver.imageGone = true;
  testRig.driver.input = {};

  expect(await destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });
  expect(await testRig.destroyInputs()).toEqual([
    expect.objectContaining({ disk: "the old one" }),
    expect.objectContaining({ disk: "the old one" }),
  ]);
});
