import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, vi } from "vitest";
import { CREATE, machine, machineFolder } from "./file-driver.test.kit.ts";
import { findTerraform } from "./terraform-binary.ts";
import { heldGuard, PC1, PC2, test, type TestRig } from "./test-rig.test.kit.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function createdMarks({ copy }: TestRig): Promise<string[]> {
  return await Promise.all(
    ["pc1", "pc2"].map((name) => readFile(join(machineFolder(copy, name), "created"), "utf8")),
  );
}

async function lastChanges(testRig: TestRig): Promise<unknown> {
  return (await testRig.state()).applying;
}

const LARGER = [machine("pc1", 1024), machine("pc2")];

describe("a lease that is lost", () => {
  test("between the plan and the apply of an allowed replacement leaves intact machines, and the next run keeps them", async ({
    testRig,
  }) => {
    await testRig.provision();
    const before = await createdMarks(testRig);
    const old = testRig.copy;
    testRig.copy = { ...old, machines: LARGER };
    const lease = new AbortController();
    const lost = new Error("lease lost");
    const say = (line: string): void => {
      if (line.startsWith("plan:")) lease.abort(lost);
    };
    const guard = heldGuard(lease.signal);
    await expect(testRig.provision({ allow: new Set([PC1]), guard, say })).rejects.toBe(lost);
    expect(await lastChanges(testRig)).toEqual([]);
    testRig.copy = old;

    expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });
    expect(await createdMarks(testRig)).toEqual(before);
    expect(testRig.driver.removed).toEqual([]);
  });

  test("right before the apply begins leaves a record that removes nothing", async ({
    testRig,
  }) => {
    await testRig.provision();
    const before = await createdMarks(testRig);
    const { text } = await testRig.stored();
    await testRig.replaceState(text, { applying: ["pc1", "pc2"] });

    expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });
    expect(await createdMarks(testRig)).toEqual(before);
    expect(await lastChanges(testRig)).toEqual([]);
  });

  test("after the apply keeps the record, because the next holder may be applying", async ({
    testRig,
  }) => {
    const lease = new AbortController();
    const lost = new Error("lease lost");
    const say = (line: string): void => {
      if (line === "apply: done") lease.abort(lost);
    };

    await expect(testRig.provision({ guard: heldGuard(lease.signal), say })).rejects.toBe(lost);

    expect(await lastChanges(testRig)).toEqual(["pc1", "pc2"]);
  });
});

test("a failed apply keeps its record, together with that of an earlier one, until an apply succeeds", async ({
  testRig,
}) => {
  await testRig.provision();
  testRig.copy = { ...testRig.copy, machines: LARGER };
  testRig.driver.create = "exit 3";
  await expect(testRig.provision({ allow: new Set([PC1]) })).rejects.toThrow("exit code 1");
  expect(await lastChanges(testRig)).toEqual(["pc1"]);
  testRig.copy = { ...testRig.copy, machines: [...LARGER, machine("pc3")] };
  await expect(testRig.provision()).rejects.toThrow("exit code 1");
  expect(await lastChanges(testRig)).toEqual(["pc1", "pc3"]);
  testRig.driver.create = CREATE;

  await testRig.provision();

  expect(await lastChanges(testRig)).toEqual([]);
  expect(await testRig.machines()).toEqual(["pc1", "pc2", "pc3"]);
});

describe("an apply that reports success and does not do what it planned", () => {
  async function doNothing({ copy }: TestRig): Promise<void> {
    const wrapper = join(copy.folder, "wrapper");
    const { path } = await findTerraform();
    await writeFile(wrapper, `#!/bin/sh\ntest "$1" = apply || exec '${path}' "$@"\n`);
    await chmod(wrapper, 0o755);
    vi.stubEnv("VMRIG_TERRAFORM", wrapper);
  }

  test("is reported by the machines that it did not create; the next run creates them", async ({
    testRig,
  }) => {
    await doNothing(testRig);
    await expect(testRig.provision()).rejects.toMatchObject({
      code: "TERRAFORM_FAILED",
      message: expect.stringContaining(
        'The apply for "pcs-1" reported success, but did not complete pc1, complete pc2.',
      ) as string,
    });
    vi.unstubAllEnvs();

    expect(await testRig.provision()).toMatchObject({ created: [PC1, PC2] });
  });

  test("is reported by the machines that it did not replace or delete; the same command repairs it", async ({
    testRig,
  }) => {
    await testRig.provision();
    testRig.copy = { ...testRig.copy, machines: [machine("pc1", 1024)] };
    const allow = new Set([PC1, PC2]);
    await doNothing(testRig);
    await expect(testRig.provision({ allow })).rejects.toMatchObject({
      code: "TERRAFORM_FAILED",
      message: expect.stringContaining(`did not replace ${PC1}, delete ${PC2}.`) as string,
      hint: expect.stringMatching(/^run the command again: /) as string,
    });
    vi.unstubAllEnvs();

    expect(await testRig.provision({ allow })).toMatchObject({ replaced: [PC1], deleted: [PC2] });
    expect(await testRig.machines()).toEqual(["pc1"]);
  });

  test.for([
    ["is incomplete", 'mkdir -p "$1"'],
    ["has another origin", `VMRIG_ORIGIN='{"resource":"r","values":"v"}'; ${CREATE}`],
  ] as const)(
    "is reported by a machine that %s; the next run creates it again",
    async ([, create], { testRig }) => {
      testRig.driver.create = create;
      await expect(testRig.provision()).rejects.toMatchObject({
        code: "TERRAFORM_FAILED",
        message: expect.stringContaining("did not complete pc1, complete pc2.") as string,
      });
      testRig.driver.create = CREATE;

      expect(await testRig.provision()).toMatchObject({ replaced: [PC1, PC2] });
    },
  );
});
