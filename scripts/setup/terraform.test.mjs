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
  return join(folder, name);
}

/** @param {string} version */
const printVersion = (version) => `echo '{"terraform_version":"${version}"}'`;

/** @param {NodeJS.ProcessEnv} [env] */
const find = (env = {}) =>
  findTerraform({ root: folder, node: process.execPath, env: { PATH: folder, ...env } });

test("returns the program and its version, Terraform before OpenTofu", async () => {
  const tofu = await program("tofu", printVersion("1.11.0"));
  expect(await find()).toEqual({ path: tofu, shown: "tofu 1.11.0" });
  const terraform = await program("terraform", printVersion("1.14.2"));
  expect(await find()).toEqual({ path: terraform, shown: "terraform 1.14.2" });
  expect(await find({ VMRIG_TERRAFORM: tofu })).toMatchObject({ path: tofu });
});

test("a relative VMRIG_TERRAFORM is found in the repository, and becomes absolute", async () => {
  const path = await program("mine", printVersion("1.11.0"));
  expect(await find({ VMRIG_TERRAFORM: "./mine" })).toMatchObject({ path });
});

test("a broken or old terraform beside a good tofu does not stop setup", async () => {
  const path = await program("tofu", printVersion("1.11.0"));
  await program("terraform", "exit 3");
  expect(await find()).toMatchObject({ path });
  await program("terraform", printVersion("1.5.7"));
  expect(await find()).toMatchObject({ path });
});

test("refuses what vmrig refuses, with the same words", async () => {
  expect(await find()).toMatchObject({
    message: expect.stringContaining("Neither Terraform nor OpenTofu 1.6 or newer was found"),
    details: [
      "terraform: not on the PATH",
      "tofu: not on the PATH",
      expect.stringMatching(/^hint: install OpenTofu .*VMRIG_TERRAFORM/),
    ],
  });
  const old = await program("terraform", printVersion("1.5.7"));
  expect(await find()).toMatchObject({
    details: expect.arrayContaining([`${old}: 1.5.7 is older than 1.6`]),
  });
});
