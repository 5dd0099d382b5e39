import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { CREATE, machine, machineFolder } from "./file-driver.test.kit.ts";
import { PC1, PC2, test } from "./test-rig.test.kit.ts";
import { terraformFailure } from "./terraform-failure.ts";

describe("a create step that fails", () => {
  test("is reported with its output", async ({ testRig }) => {
    testRig.driver.create = 'echo "no space left on pool" >&2; exit 3';
    testRig.copy = { ...testRig.copy, machines: [machine("pc1")] };

    await expect(testRig.provision()).rejects.toMatchObject({
      code: "TERRAFORM_FAILED",
      message: expect.stringMatching(
        /terraform_data\.pc1: local-exec provisioner error[\s\S]*exit status 3[\s\S]*no space left on pool/,
      ) as string,
      hint: expect.stringContaining(testRig.files.applyLog) as string,
    });
  });

  test("is repaired by the next run, which recreates half-created machines without `allow`", async ({
    testRig,
  }) => {
    testRig.driver.create = 'mkdir -p "$1" && touch "$1/half" && exit 3';
    await expect(testRig.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
    testRig.driver.create = CREATE;

    expect(await testRig.provision()).toMatchObject({ replaced: [PC1, PC2] });

    expect(testRig.driver.removed.toSorted()).toEqual(["pc1", "pc2"]);
    expect(await readdir(machineFolder(testRig.copy, "pc1"))).toEqual([
      "created",
      "input",
      "origin",
      "owner",
    ]);
    expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });
  });
});

test("a long output is shortened to its beginning and its end", () => {
  const output = Array.from({ length: 100 }, (_, line) => `line ${line}`).join("\n");

  const { details } = terraformFailure({
    command: "init",
    copy: "pcs-1",
    ended: { exitCode: 1, stdout: "", output },
  });

  expect(details).toHaveLength(16);
  expect(details.slice(0, 4)).toEqual(["line 0", "line 1", "…", "line 87"]);
  expect(details.at(-1)).toBe("line 99");
});
