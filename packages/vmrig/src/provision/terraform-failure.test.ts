import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { MAKE, machine, machineFolder } from "./file-driver.test.kit.ts";
import { PC1, PC2, test } from "./test-provision.test.kit.ts";
import { terraformFailure } from "./terraform-failure.ts";

describe("a create step that fails", () => {
  test("shows what it printed", async ({ scene }) => {
    scene.driver.create = 'echo "no space left on pool" >&2; exit 3';
    scene.copy = { ...scene.copy, machines: [machine("pc1")] };

    await expect(scene.provision()).rejects.toMatchObject({
      code: "TERRAFORM_FAILED",
      message: expect.stringMatching(
        /terraform_data\.pc1: local-exec provisioner error[\s\S]*exit status 3[\s\S]*no space left on pool/,
      ) as string,
      hint: expect.stringContaining(scene.files.applyLog) as string,
    });
  });

  test("is made good by the next run: what was half made is removed and made anew, without being allowed", async ({
    scene,
  }) => {
    scene.driver.create = 'mkdir -p "$1" && touch "$1/half" && exit 3';
    await expect(scene.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
    scene.driver.create = MAKE;

    expect(await scene.provision()).toMatchObject({ replaced: [PC1, PC2] });

    expect(scene.driver.removed.toSorted()).toEqual(["pc1", "pc2"]);
    expect(await readdir(machineFolder(scene.copy, "pc1"))).toEqual(["input", "owner"]);
    expect(await scene.provision()).toMatchObject({ created: [], replaced: [] });
  });
});

test("of a long output the beginning and the end are shown", () => {
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
