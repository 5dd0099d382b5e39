import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findTerraform } from "./terraform.mjs";

/** @type {string} */
let folder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * @param {string} name
 * @param {string} script
 */
async function program(name, script) {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

test("returns the version that it found, Terraform before OpenTofu", async () => {
  await program("tofu", "echo OpenTofu v1.11.0; echo on linux_amd64");
  expect(await findTerraform({ env: { PATH: folder } })).toBe("OpenTofu v1.11.0");
  await program("terraform", "echo Terraform v1.14.2");
  expect(await findTerraform({ env: { PATH: folder } })).toBe("Terraform v1.14.2");
  expect(
    await findTerraform({ env: { PATH: folder, VMRIG_TERRAFORM: join(folder, "tofu") } }),
  ).toBe("OpenTofu v1.11.0");
});

test("explains what to do when neither is installed", async () => {
  const missing = await findTerraform({ env: { PATH: folder } });
  expect(missing).toMatchObject({
    message: expect.stringContaining("Neither Terraform nor OpenTofu is on PATH"),
  });
  expect(missing).toMatchObject({
    details: expect.arrayContaining([expect.stringContaining("VMRIG_TERRAFORM")]),
  });
});

test("rejects a VMRIG_TERRAFORM that is another program, with its output", async () => {
  await program("wrong", "echo not me; exit 3");
  const wrong = join(folder, "wrong");
  expect(await findTerraform({ env: { PATH: folder, VMRIG_TERRAFORM: wrong } })).toMatchObject({
    message: expect.stringContaining("exit code 3"),
    details: ["not me", "hint: correct VMRIG_TERRAFORM, or unset it to search PATH."],
  });
});
