import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, vi } from "vitest";
import { CREATE, createByHand, machine, machineFolder } from "./file-driver.test.kit.ts";
import { writeTofu } from "./late-state.test.kit.ts";
import { readState } from "./state.ts";
import { PC1, PC2, test } from "./test-rig.test.kit.ts";
import { isApplyUnfinished } from "./unfinished-apply.ts";

/** Kills the Terraform that runs this step, and the step. */
const KILL = "kill -KILL $PPID $$";
const KILLED = { code: "TERRAFORM_FAILED" };
const isPc2 = 'test "$(basename "$1")" = pc2';
/** Makes pc2's step wait for pc1, and Terraform for neither, so that pc1 is in the state. */
const afterPc1 = 'until test -e "$(dirname "$1")/pc1/input"; do sleep 0.05; done; sleep 0.5';

afterEach(() => {
  vi.unstubAllEnvs();
});

const MOMENTS = [
  ["before the step did anything", `if ${isPc2}; then ${afterPc1}; ${KILL}; fi; ${CREATE}`],
  [
    "when its folder is empty",
    `if ${isPc2}; then ${afterPc1}; mkdir -p "$1"; ${KILL}; fi; ${CREATE}`,
  ],
  ["when all its files are written", `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`],
] as const;

describe.for([["Terraform"], ["OpenTofu"]] as const)("a killed %s", ([engine]) => {
  test.for(MOMENTS)(
    "while pc2 is created, %s: the next run completes both machines",
    async ([, create], { testRig }) => {
      if (engine === "OpenTofu")
        vi.stubEnv("VMRIG_TERRAFORM", await writeTofu(testRig.copy.folder));
      testRig.driver.create = create;
      await expect(testRig.provision()).rejects.toMatchObject(KILLED);
      expect(await isApplyUnfinished(testRig.copy)).toBe(true);
      testRig.driver.create = CREATE;

      await testRig.provision();

      expect(await testRig.machines()).toEqual(["pc1", "pc2"]);
      expect(await isApplyUnfinished(testRig.copy)).toBe(false);
      expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });
    },
  );

  test("during an allowed replacement: no machine of the new size stays behind the old config", async ({
    testRig,
  }) => {
    if (engine === "OpenTofu") vi.stubEnv("VMRIG_TERRAFORM", await writeTofu(testRig.copy.folder));
    await testRig.provision();
    const old = testRig.copy;
    testRig.copy = { ...old, machines: [machine("pc1", 1024), machine("pc2", 1024)] };
    testRig.driver.input = { size: "1024" };
    testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
    await expect(testRig.provision({ allow: new Set([PC1, PC2]) })).rejects.toMatchObject(KILLED);
    testRig.driver.create = CREATE;
    testRig.driver.input = {};
    testRig.copy = old;

    if (engine === "Terraform") {
      // The state has pc1 with the new size, which only a person may change back.
      await expect(testRig.provision()).rejects.toMatchObject({ code: "PLAN_REFUSED" });
      await testRig.provision({ allow: new Set([PC1, PC2]) });
    } else await testRig.provision();

    for (const name of ["pc1", "pc2"]) {
      const input = await readFile(join(machineFolder(old, name), "input"), "utf8");
      expect(input, name).not.toContain("1024");
    }
  });
});

test("OpenTofu that is killed in the first run leaves an empty state, and the owner is known", async ({
  testRig,
}) => {
  vi.stubEnv("VMRIG_TERRAFORM", await writeTofu(testRig.copy.folder));
  testRig.driver.create = `${CREATE}; if ${isPc2}; then ${afterPc1}; ${KILL}; fi`;
  await expect(testRig.provision()).rejects.toMatchObject(KILLED);
  expect((await stat(testRig.files.state)).size).toBe(0);
  const [{ owner } = {}] = (await testRig.driver.inspect(testRig.copy)).machines;
  testRig.driver.create = CREATE;

  await testRig.provision();

  expect(owner).toBeDefined();
  expect((await readState(testRig.files.state))?.owner).toBe(owner);
});

test("an empty state that no apply explains is reported as empty", async ({ testRig }) => {
  await mkdir(testRig.files.folder, { recursive: true });
  await writeFile(testRig.files.state, "");
  await createByHand(testRig.copy, "pc1");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining(
      "empty: an OpenTofu or Terraform was killed before it saved the first state",
    ) as string,
  });
});
