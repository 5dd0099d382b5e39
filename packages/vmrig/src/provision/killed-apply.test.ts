import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, vi } from "vitest";
import { readApplyRecord } from "./apply-record.ts";
import { destroy } from "./destroy.ts";
import {
  CREATE,
  DESTROY,
  machine,
  machineFolder,
  waitUntilCreated,
  waitUntilGone,
} from "./file-driver.test.kit.ts";
import { writeTofu } from "./late-state.test.kit.ts";
import { readState } from "./state.ts";
import { PC1, PC2, test, type TestRig } from "./test-rig.test.kit.ts";
import { created, expectWhole } from "./whole-rig.test.kit.ts";

/** Kills the Terraform that runs this step, and the step. */
const KILL = "kill -KILL $PPID $$";
const KILLED = { code: "TERRAFORM_FAILED" };
const isPc2 = 'test "$(basename "$1")" = pc2';
/** Makes pc2's step wait for pc1, and Terraform for neither, so that pc1 is in the state. */
const afterPc1 = 'until test -e "$(dirname "$1")/pc1/input"; do sleep 0.05; done; sleep 0.5';

const ENGINES = [["Terraform"], ["OpenTofu"]] as const;

async function use(engine: string, { copy }: TestRig): Promise<void> {
  if (engine === "OpenTofu") vi.stubEnv("VMRIG_TERRAFORM", await writeTofu(copy.folder));
}

async function memory({ copy }: TestRig, name: string): Promise<unknown> {
  const text = await readFile(join(machineFolder(copy, name), "input"), "utf8");
  return (JSON.parse(text) as { readonly memory: unknown }).memory;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

const MOMENTS = [
  ["before its step did anything", `if ${isPc2}; then ${afterPc1}; ${KILL}; fi; ${CREATE}`],
  [
    "when its folder is empty",
    `if ${isPc2}; then ${afterPc1}; mkdir -p "$1"; ${KILL}; fi; ${CREATE}`,
  ],
  ["when it is complete", `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`],
] as const;

describe.for(ENGINES)("a killed %s", ([engine]) => {
  test.for(MOMENTS)(
    "while pc2 is created for the first time, %s: the next run completes both machines and keeps complete ones",
    async ([, create], { testRig }) => {
      await use(engine, testRig);
      testRig.driver.create = create;
      await expect(testRig.provision()).rejects.toMatchObject(KILLED);
      const before = await created(testRig, "pc1");
      const [{ owner } = {}] = (await testRig.driver.inspect(testRig.copy)).machines;
      testRig.driver.create = CREATE;

      await testRig.provision();

      expect(await created(testRig, "pc1")).toBe(before);
      expect((await readState(testRig.files.state))?.owner).toBe(owner);
      await expectWhole(testRig);
    },
  );

  test("during an allowed replacement: no machine of the new size stays behind the old config", async ({
    testRig,
  }) => {
    await use(engine, testRig);
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

    if (engine === "Terraform") {
      // The state has the new sizes, which only a person may change back.
      await expect(testRig.provision()).rejects.toMatchObject({ code: "PLAN_REFUSED" });
      await testRig.provision({ allow: new Set([PC1, PC2]) });
    } else await testRig.provision();

    expect([await memory(testRig, "pc1"), await memory(testRig, "pc2")]).toEqual([512, 512]);
    await expectWhole(testRig);
  });

  test("in the first run: a machine of another size is not kept under the old config", async ({
    testRig,
  }) => {
    await use(engine, testRig);
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
      await use(engine, testRig);
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
    await use(engine, testRig);
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
  await use("OpenTofu", testRig);
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
  await use("OpenTofu", testRig);
  testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
  await expect(testRig.provision()).rejects.toMatchObject(KILLED);
  expect((await readApplyRecord(testRig.files))?.changes).toEqual(["pc1", "pc2"]);
  testRig.driver.create = CREATE;

  await testRig.provision();

  expect(testRig.driver.removed).toEqual([]);
  expect(testRig.output.join("\n")).not.toContain("(files_network");
  await expectWhole(testRig);
});

test("an apply that is killed in the first run leaves an empty state, which the next run fills", async ({
  testRig,
}) => {
  await use("OpenTofu", testRig);
  testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
  await expect(testRig.provision()).rejects.toMatchObject(KILLED);

  expect((await stat(testRig.files.state)).size).toBe(0);
  testRig.driver.create = CREATE;
  await testRig.provision();
  await expectWhole(testRig);
});
