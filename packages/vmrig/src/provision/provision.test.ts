import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { machine, machineFolder } from "./file-driver.test.kit.ts";
import { PC1, PC2, setUpTestRig, test } from "./test-rig.test.kit.ts";

test("creates the machines and stamps them with the owner that the state stores", async ({
  testRig,
}) => {
  const { created, stamp } = await testRig.provision();

  expect(created).toEqual([PC1, PC2]);
  expect(testRig.output).toEqual([`plan: create ${PC1}, ${PC2}`, "apply: done"]);
  expect(await testRig.driver.inspect(testRig.copy)).toMatchObject({
    machines: [
      { name: "pc1", owner: stamp.owner },
      { name: "pc2", owner: stamp.owner },
    ],
  });
  expect((await testRig.state()).stamp).toEqual(stamp);
});

test("a second run changes nothing", async ({ testRig }) => {
  const { stamp } = await testRig.provision();

  expect(await testRig.provision()).toEqual({
    created: [],
    adopted: [],
    updated: [],
    replaced: [],
    deleted: [],
    stamp,
  });
  expect(testRig.output.at(-1)).toBe("plan: no changes");
});

test("updates the state in place when only a resource's input changed", async ({ testRig }) => {
  await testRig.provision();
  testRig.driver.input = { note: "new" };

  expect(await testRig.provision()).toMatchObject({ updated: [PC1, PC2], replaced: [] });
});

test("replaces an intact machine only when a person asked for it, and says what is lost", async ({
  testRig,
}) => {
  await testRig.provision();

  expect(await testRig.provision({ allow: new Set([PC1]) })).toMatchObject({ replaced: [] });
  expect(testRig.output.at(-1)).toBe("plan: no changes");
  expect(await testRig.provision({ replace: new Set([PC1]) })).toMatchObject({
    created: [],
    replaced: [PC1],
  });
  expect(testRig.output.slice(-3)).toEqual([
    "replace: pc1, with everything on its disk; its address may change",
    `plan: replace ${PC1}`,
    "apply: done",
  ]);
});

test("another attempt of a run replaces only what the first one did not replace", async ({
  testRig,
}) => {
  await testRig.provision();
  const before = (await testRig.state()).state?.resources;
  const { create } = testRig.driver;
  testRig.driver.create = `[ "$(basename "$1")" != pc2 ] || exit 1; ${create}`;
  Object.assign(testRig.driver, {
    alternative: async () => {
      if (testRig.driver.create === create) return undefined;
      testRig.driver.create = create;
      return "the next size";
    },
  });

  await testRig.provision({ replace: new Set([PC1, PC2]) });

  const destroyed = (await testRig.destroyInputs()) as Array<{ readonly name: string }>;
  expect(destroyed.map(({ name }) => name).toSorted()).toEqual(["pc1", "pc2"]);
  const after = (await testRig.state()).state?.resources;
  for (const address of [PC1, PC2]) {
    const [old, now] = [before, after].map((all) => all?.find((one) => one.address === address));
    expect(now?.id).not.toBe(old?.id);
  }
});

test("adds a machine and keeps the existing ones", async ({ testRig }) => {
  const { stamp } = await testRig.provision();
  testRig.copy = { ...testRig.copy, machines: [...testRig.copy.machines, machine("pc-3")] };

  const { created, stamp: later } = await testRig.provision();

  expect(created).toEqual(["terraform_data.pc-3"]);
  expect(later.owner).toBe(stamp.owner);
  expect(later.version).toBeGreaterThan(stamp.version);
});

test("creates two copies at the same time, with separate states and owners", async ({
  testRig,
}) => {
  await using other = await setUpTestRig();

  const [one, two] = await Promise.all([testRig.provision(), other.provision()]);

  expect([one.created, two.created]).toEqual([
    [PC1, PC2],
    [PC1, PC2],
  ]);
  expect(one.stamp.owner).not.toBe(two.stamp.owner);
});

describe("a plan that would lose a machine", () => {
  test("is refused when the memory of a machine changed, and nothing is touched", async ({
    testRig,
  }) => {
    await testRig.provision();
    const before = await testRig.stored();
    testRig.copy = { ...testRig.copy, machines: [machine("pc1", 1024), machine("pc2")] };

    await expect(testRig.provision()).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: [`${PC1} would be replaced: memory_mb 512 → 1024`],
      hint: `to allow this, run \`vmrig up --allow ${PC1}\``,
    });
    expect(await testRig.stored()).toEqual(before);
    expect(await testRig.machines()).toEqual(["pc1", "pc2"]);
    expect(await testRig.destroyInputs()).toEqual([]);
  });

  test("is applied when the address is allowed", async ({ testRig }) => {
    await testRig.provision();
    testRig.copy = { ...testRig.copy, machines: [machine("pc1", 1024), machine("pc2")] };

    expect(await testRig.provision({ allow: new Set([PC1]) })).toMatchObject({
      replaced: [PC1],
      created: [],
      updated: [],
    });
    expect(await testRig.destroyInputs()).toHaveLength(1);
    expect(await testRig.machines()).toEqual(["pc1", "pc2"]);
  });

  test("is refused when a machine is no longer in the config; when allowed, the driver removes it", async ({
    testRig,
  }) => {
    await testRig.provision();
    testRig.copy = { ...testRig.copy, machines: [machine("pc1")] };

    await expect(testRig.provision()).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: [`${PC2} would be deleted: it is no longer in the config`],
    });
    expect(await testRig.provision({ allow: new Set([PC2]) })).toMatchObject({ deleted: [PC2] });
    // Terraform has no destroy step of a resource that is not in the config.
    expect(testRig.driver.removed).toEqual(["pc2"]);
    expect(await testRig.machines()).toEqual(["pc1"]);
  });

  test("is refused when a machine vanished, which Terraform does not detect; when allowed, the machine is recreated", async ({
    testRig,
  }) => {
    await testRig.provision();
    await rm(machineFolder(testRig.copy, "pc2"), { recursive: true });

    await expect(testRig.provision()).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: [expect.stringContaining(`${PC2} was deleted outside vmrig`)],
      hint: expect.stringContaining(`vmrig up --allow ${PC2}`) as string,
    });
    expect(await testRig.provision({ allow: new Set([PC2]) })).toMatchObject({ replaced: [PC2] });
    expect(await testRig.machines()).toEqual(["pc1", "pc2"]);
  });
});

describe("the input of a step", () => {
  test("is the unchanged text of the config: neither Terraform nor a shell evaluates it", async ({
    testRig,
  }) => {
    const templates = {
      file: '${file("/etc/hostname")}',
      escaped: "$${HOME} %{if true}x%{endif} %%{ $$ ${",
      shell: `'; touch "$PWD/pwned" #`,
      nested: { '${file("/etc/hostname")}': ["${1 + 1}", 1, true, null, { camelCase: "a\nb" }] },
    };
    testRig.driver.input = templates;
    testRig.driver.create += `; printf %s "\${HOME:+home}" > "$1/home"`;

    await testRig.provision();

    const folder = machineFolder(testRig.copy, "pc1");
    expect(JSON.parse(await readFile(join(folder, "input"), "utf8"))).toEqual({
      name: "pc1",
      lanAddress: "10.77.0.11",
      ...templates,
    });
    expect(await readFile(join(folder, "home"), "utf8")).toBe("home");
  });

  test("is the input that the machine was created with, for a destroy step", async ({
    testRig,
  }) => {
    testRig.driver.input = { note: "${old}" };
    await testRig.provision();
    testRig.driver.input = { note: "new" };
    testRig.copy = { ...testRig.copy, machines: [machine("pc1", 1024), machine("pc2")] };

    await testRig.provision({ allow: new Set([PC1]) });

    expect(await testRig.destroyInputs()).toEqual([
      { name: "pc1", lanAddress: "10.77.0.11", note: "${old}" },
    ]);
  });
});
