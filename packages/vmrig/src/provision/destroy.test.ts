import { rm } from "node:fs/promises";
import { expect } from "vitest";
import { destroy } from "./destroy.ts";
import { MAKE, machine, machineFolder, makeByHand } from "./file-driver.test.kit.ts";
import { heldWarrant, PC1, PC2, test } from "./test-provision.test.kit.ts";
import { readStateStamp } from "./state-stamp.ts";

test("runs the destroy steps and forgets the owner; the next run begins anew", async ({
  scene,
}) => {
  const { stamp } = await scene.provision();

  expect(await destroy({ ...scene.toDestroy(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });

  expect(await scene.destroyed()).toHaveLength(2);
  expect(scene.said).toContain("destroy: terraform_data.pc1, terraform_data.pc2");
  expect(scene.driver.removed).toEqual([]);
  expect(await scene.machines()).toEqual([]);
  expect(await readStateStamp(scene.copy)).toBeUndefined();
  const again = await scene.provision();
  expect(again.created).toHaveLength(2);
  expect(again.stamp.owner).not.toBe(stamp.owner);
});

test.for(["", "pcs-1", "PCS"])(
  "touches nothing when it is confirmed with %j",
  async (confirm, { scene }) => {
    await makeByHand(scene.copy, "pc1");

    await expect(destroy({ ...scene.toDestroy(), confirm })).rejects.toMatchObject({
      code: "CONFIRMATION_MISSING",
      hint: "vmrig destroy pcs",
    });
    expect(await scene.machines()).toEqual(["pc1"]);
  },
);

test("does nothing where there is nothing", async ({ scene }) => {
  expect(await destroy({ ...scene.toDestroy(), confirm: "pcs" })).toEqual({ destroyed: [] });
});

test("removes machines whose state is lost", async ({ scene }) => {
  await scene.provision();
  await rm(scene.files.folder, { recursive: true });

  expect(await destroy({ ...scene.toDestroy(), confirm: "pcs" })).toEqual({
    destroyed: ["pc1", "pc2"],
  });
  expect(await scene.machines()).toEqual([]);
});

test("removes what is half made, for which Terraform runs no destroy step", async ({ scene }) => {
  scene.driver.create = `${MAKE} && exit 3`;
  await expect(scene.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });

  expect(await destroy({ ...scene.toDestroy(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });
  expect(scene.driver.removed).toEqual(["pc1", "pc2"]);
  expect(await scene.machines()).toEqual([]);
});

test("removes a machine that is not in the config any more", async ({ scene }) => {
  await scene.provision();
  scene.copy = { ...scene.copy, machines: [machine("pc1")] };

  expect(await destroy({ ...scene.toDestroy(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });
  expect(await scene.machines()).toEqual([]);
});

test("succeeds for a machine that is gone already", async ({ scene }) => {
  await scene.provision();
  await rm(machineFolder(scene.copy, "pc1"), { recursive: true });

  expect((await destroy({ ...scene.toDestroy(), confirm: "pcs" })).destroyed).toHaveLength(2);
});

test("destroys nothing without the lease", async ({ scene }) => {
  await scene.provision();
  const lost = new Error("lease lost");

  await expect(
    destroy({
      ...scene.toDestroy(),
      confirm: "pcs",
      warrant: heldWarrant(AbortSignal.abort(lost)),
    }),
  ).rejects.toBe(lost);
  expect(await scene.machines()).toEqual(["pc1", "pc2"]);
});

test("needs no image: each destroy step gets what its machine was made as", async ({ scene }) => {
  scene.driver.input = { disk: "the old one" };
  await scene.provision();
  scene.driver.imageGone = true;
  scene.driver.input = {};

  expect(await destroy({ ...scene.toDestroy(), confirm: "pcs" })).toEqual({
    destroyed: [PC1, PC2],
  });
  expect(await scene.destroyed()).toEqual([
    expect.objectContaining({ disk: "the old one" }),
    expect.objectContaining({ disk: "the old one" }),
  ]);
});
