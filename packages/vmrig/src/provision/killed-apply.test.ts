import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { destroy } from "./destroy.ts";
import {
  CREATE,
  DESTROY,
  machine,
  machineFolder,
  waitUntilCreated,
  waitUntilGone,
} from "./file-driver.test.kit.ts";
import { PC1, PC2, test, type TestRig } from "./test-rig.test.kit.ts";
import { created, expectWhole } from "./whole-rig.test.kit.ts";

/** Kills the Terraform that runs this step, and the step. */
const KILL = "kill -KILL $PPID $$";
const KILLED = { code: "TERRAFORM_FAILED" };
const isPc2 = 'test "$(basename "$1")" = pc2';
/** Makes pc2's step wait for pc1, and Terraform for neither, so that pc1 is in the state. */
const afterPc1 = 'until test -e "$(dirname "$1")/pc1/input"; do sleep 0.05; done; sleep 0.5';

async function memory({ copy }: TestRig, name: string): Promise<unknown> {
  const text = await readFile(join(machineFolder(copy, name), "input"), "utf8");
  return (JSON.parse(text) as { readonly memory: unknown }).memory;
}

const MOMENTS = [
  ["before its step did anything", `if ${isPc2}; then ${afterPc1}; ${KILL}; fi; ${CREATE}`],
  [
    "when its folder is empty",
    `if ${isPc2}; then ${afterPc1}; mkdir -p "$1"; ${KILL}; fi; ${CREATE}`,
  ],
  ["when it is complete", `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`],
] as const;

// Terraform and OpenTofu save a remote state 20 s after the first resource at the earliest, so that
// nothing of these applies is in it.
describe("a killed apply", () => {
  test.for(MOMENTS)(
    "while pc2 is created for the first time, %s: the next run completes both machines and keeps complete ones",
    async ([, create], { testRig }) => {
      testRig.driver.create = create;
      await expect(testRig.provision()).rejects.toMatchObject(KILLED);
      const before = await created(testRig, "pc1");
      const [{ owner } = {}] = (await testRig.driver.inspect(testRig.copy)).machines;
      testRig.driver.create = CREATE;

      await testRig.provision();

      expect(await created(testRig, "pc1")).toBe(before);
      expect((await testRig.state()).state?.owner).toBe(owner);
      await expectWhole(testRig);
    },
  );

  test("during an allowed replacement: no machine of the new size stays behind the old config", async ({
    testRig,
  }) => {
    testRig.driver.input = { memory: 512 };
    await testRig.provision();
    const old = testRig.copy;
    testRig.copy = { ...old, machines: [machine("pc1", 1024), machine("pc2", 1024)] };
    testRig.driver.input = { memory: 1024 };
    testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
    await expect(testRig.provision({ allow: new Set([PC1, PC2]) })).rejects.toMatchObject(KILLED);
    testRig.driver.create = CREATE;
    testRig.driver.input = { memory: 512 };
    testRig.copy = old;

    await testRig.provision();

    expect([await memory(testRig, "pc1"), await memory(testRig, "pc2")]).toEqual([512, 512]);
    await expectWhole(testRig);
  });

  test("in the first run: a machine of another size is not kept under the old config", async ({
    testRig,
  }) => {
    testRig.driver.input = { memory: 1024 };
    testRig.copy = { ...testRig.copy, machines: [machine("pc1"), machine("pc2", 1024)] };
    testRig.driver.create = `if ${isPc2}; then ${CREATE}; ${KILL}; else sleep 1; ${CREATE}; fi`;
    await expect(testRig.provision()).rejects.toMatchObject(KILLED);
    await waitUntilCreated(testRig.copy, "pc1");
    testRig.driver.create = CREATE;
    testRig.driver.input = { memory: 512 };
    testRig.copy = { ...testRig.copy, machines: [machine("pc1"), machine("pc2")] };

    await testRig.provision();

    expect(testRig.driver.removed).toEqual(["pc2"]);
    expect(await memory(testRig, "pc2")).toBe(512);
    await expectWhole(testRig);
  });

  test.for([
    ["while it destroys the old pc2", `${DESTROY}; ${KILL}`, CREATE],
    ["before it creates the new pc2", DESTROY, `${KILL}; ${CREATE}`],
    ["while it creates the new pc2", DESTROY, `mkdir -p "$1"; ${KILL}`],
  ] as const)(
    "in the middle of an allowed replacement, %s: the next run creates pc2 again without asking",
    async ([, destroyStep, create], { testRig }) => {
      await testRig.provision();
      const before = await created(testRig, "pc1");
      testRig.copy = { ...testRig.copy, machines: [machine("pc1"), machine("pc2", 1024)] };
      Object.assign(testRig.driver, { create, destroy: destroyStep });
      await expect(testRig.provision({ allow: new Set([PC2]) })).rejects.toMatchObject(KILLED);
      await waitUntilGone(testRig.copy, "pc2");
      Object.assign(testRig.driver, { create: CREATE, destroy: DESTROY });
      testRig.copy = { ...testRig.copy, machines: [machine("pc1"), machine("pc2")] };

      await testRig.provision();

      expect(await created(testRig, "pc1")).toBe(before);
      await expectWhole(testRig);
    },
  );

  test("during `destroy`: the next `destroy` completes it", async ({ testRig }) => {
    await testRig.provision();
    testRig.driver.destroy = `${DESTROY}; if ${isPc2}; then ${KILL}; fi`;
    const again = { ...testRig.destroyOptions(), confirm: "pcs" };
    await expect(destroy(again)).rejects.toMatchObject(KILLED);
    testRig.driver.destroy = DESTROY;

    await destroy(again);

    expect(await testRig.machines()).toEqual([]);
    expect(await testRig.provision()).toMatchObject({ created: [PC1, PC2] });
  });
});

test("a machine that is complete in the meantime is taken over, not created again", async ({
  testRig,
}) => {
  // Terraform dies while the step goes on.
  testRig.driver.create = `mkdir -p "$1"; if ${isPc2}; then kill -KILL $PPID; fi; ${CREATE}`;
  await expect(testRig.provision()).rejects.toMatchObject(KILLED);
  await waitUntilCreated(testRig.copy, "pc2");
  testRig.driver.create = CREATE;
  const before = await created(testRig, "pc2");

  await testRig.provision();

  expect(await created(testRig, "pc2")).toBe(before);
  expect(testRig.output).toContain("adopt: pc2 (it is complete, but not in the state)");
});

test("the network of the machines is no machine: nothing removes it or takes it over", async ({
  testRig,
}) => {
  testRig.driver.lan = true;
  testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
  await expect(testRig.provision()).rejects.toMatchObject(KILLED);
  expect((await testRig.state()).applying).toEqual(["pc1", "pc2"]);
  testRig.driver.create = CREATE;

  await testRig.provision();

  expect(testRig.driver.removed).toEqual([]);
  expect(testRig.output.join("\n")).not.toContain("(files_network");
  await expectWhole(testRig);
});

test("an apply that is killed in the first run leaves a state with an owner, which the next run fills", async ({
  testRig,
}) => {
  testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
  await expect(testRig.provision()).rejects.toMatchObject(KILLED);

  const { state, applying } = await testRig.state();
  expect(state?.resources.map(({ name }) => name)).toEqual(["vmrig_owner"]);
  expect(applying).toEqual(["pc1", "pc2"]);
  testRig.driver.create = CREATE;
  await testRig.provision();
  await expectWhole(testRig);
});
