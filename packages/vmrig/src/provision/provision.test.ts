import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { machine, machineFolder } from "./file-driver.test.kit.ts";
import { PC1, PC2, setScene, test } from "./test-provision.test.kit.ts";
import { readStateStamp } from "./state-stamp.ts";

test("makes the machines, stamped with the owner that the state keeps", async ({ scene }) => {
  const { created, stamp } = await scene.provision();

  expect(created).toEqual([PC1, PC2]);
  expect(scene.said).toEqual([`plan: create ${PC1}, ${PC2}`, "apply: done"]);
  expect(await scene.driver.inspect(scene.copy)).toMatchObject({
    machines: [
      { name: "pc1", owner: stamp.owner },
      { name: "pc2", owner: stamp.owner },
    ],
  });
  expect(await readStateStamp(scene.copy)).toEqual(stamp);
});

test("changes nothing when it runs again", async ({ scene }) => {
  const { stamp } = await scene.provision();

  expect(await scene.provision()).toEqual({
    created: [],
    updated: [],
    replaced: [],
    deleted: [],
    stamp,
  });
  expect(scene.said.at(-1)).toBe("plan: no changes");
});

test("updates the state in place when only a resource's input changed", async ({ scene }) => {
  await scene.provision();
  scene.driver.input = { note: "new" };

  expect(await scene.provision()).toMatchObject({ updated: [PC1, PC2], replaced: [] });
});

test("replaces a machine of a broken copy on a person's word, and no other", async ({ scene }) => {
  await scene.provision();

  expect(await scene.provision({ allow: new Set([PC1]) })).toMatchObject({ replaced: [] });
  expect(await scene.provision({ replaceAllowed: true })).toMatchObject({ replaced: [] });
  expect(await scene.provision({ allow: new Set([PC1]), replaceAllowed: true })).toMatchObject({
    created: [],
    replaced: [PC1],
  });
});

test("adds a machine to those that exist", async ({ scene }) => {
  const { stamp } = await scene.provision();
  scene.copy = { ...scene.copy, machines: [...scene.copy.machines, machine("pc-3")] };

  const { created, stamp: later } = await scene.provision();

  expect(created).toEqual(["terraform_data.pc-3"]);
  expect(later).toMatchObject({ lineage: stamp.lineage, owner: stamp.owner });
  expect(later.serial).toBeGreaterThan(stamp.serial);
});

test("makes two copies at the same time without mixing them up", async ({ scene }) => {
  const { scene: other, strike } = await setScene();
  try {
    const [one, two] = await Promise.all([scene.provision(), other.provision()]);

    expect([one.created, two.created]).toEqual([
      [PC1, PC2],
      [PC1, PC2],
    ]);
    expect(one.stamp.owner).not.toBe(two.stamp.owner);
    expect(one.stamp.lineage).not.toBe(two.stamp.lineage);
  } finally {
    await strike();
  }
});

describe("a plan that would lose a machine", () => {
  test("is refused when its memory changed, and nothing is touched", async ({ scene }) => {
    await scene.provision();
    const before = await readFile(scene.files.state, "utf8");
    scene.copy = { ...scene.copy, machines: [machine("pc1", 1024), machine("pc2")] };

    await expect(scene.provision()).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: [`${PC1} would be made anew: memory_mb 512 → 1024`],
      hint: `if they may be lost, run \`vmrig up --allow ${PC1}\``,
    });
    expect(await readFile(scene.files.state, "utf8")).toBe(before);
    expect(await scene.machines()).toEqual(["pc1", "pc2"]);
    expect(await scene.destroyed()).toEqual([]);
  });

  test("is applied when its address is allowed", async ({ scene }) => {
    await scene.provision();
    scene.copy = { ...scene.copy, machines: [machine("pc1", 1024), machine("pc2")] };

    expect(await scene.provision({ allow: new Set([PC1]) })).toMatchObject({
      replaced: [PC1],
      created: [],
      updated: [],
    });
    expect(await scene.destroyed()).toHaveLength(1);
    expect(await scene.machines()).toEqual(["pc1", "pc2"]);
  });

  test("is refused when the machine left the config; when allowed, the driver ends it", async ({
    scene,
  }) => {
    await scene.provision();
    scene.copy = { ...scene.copy, machines: [machine("pc1")] };

    await expect(scene.provision()).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: [`${PC2} would be deleted: it is not in the config any more`],
    });
    expect(await scene.provision({ allow: new Set([PC2]) })).toMatchObject({ deleted: [PC2] });
    // Terraform has no destroy step of a resource that is not in the config.
    expect(scene.driver.removed).toEqual(["pc2"]);
    expect(await scene.machines()).toEqual(["pc1"]);
  });

  test("is refused when the machine vanished, which Terraform does not see; when allowed, it is made anew", async ({
    scene,
  }) => {
    await scene.provision();
    await rm(machineFolder(scene.copy, "pc2"), { recursive: true });

    await expect(scene.provision()).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: [expect.stringContaining(`${PC2} is gone`)],
      hint: expect.stringContaining(`vmrig up --allow ${PC2}`) as string,
    });
    expect(await scene.provision({ allow: new Set([PC2]) })).toMatchObject({ replaced: [PC2] });
    expect(await scene.machines()).toEqual(["pc1", "pc2"]);
  });
});

describe("what goes into a step", () => {
  test("is the text of the config as it is: Terraform carries out nothing of it", async ({
    scene,
  }) => {
    const nasty = {
      file: '${file("/etc/hostname")}',
      escaped: "$${HOME} %{if true}x%{endif} %%{ $$ ${",
      shell: `'; touch "$PWD/pwned" #`,
      nested: { '${file("/etc/hostname")}': ["${1 + 1}", 1, true, null, { camelCase: "a\nb" }] },
    };
    scene.driver.input = nasty;
    scene.driver.create += `; printf %s "\${HOME:+home}" > "$1/home"`;

    await scene.provision();

    const folder = machineFolder(scene.copy, "pc1");
    expect(JSON.parse(await readFile(join(folder, "input"), "utf8"))).toEqual({
      name: "pc1",
      lanAddress: "10.77.0.11",
      ...nasty,
    });
    expect(await readFile(join(folder, "home"), "utf8")).toBe("home");
  });

  test("is, for a destroy step, the input that its machine was made with", async ({ scene }) => {
    scene.driver.input = { note: "${old}" };
    await scene.provision();
    scene.driver.input = { note: "new" };
    scene.copy = { ...scene.copy, machines: [machine("pc1", 1024), machine("pc2")] };

    await scene.provision({ allow: new Set([PC1]) });

    expect(await scene.destroyed()).toEqual([
      { name: "pc1", lanAddress: "10.77.0.11", note: "${old}" },
    ]);
  });
});
