import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { findTerraform } from "./terraform-binary.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

let folder: string;
beforeEach(async () => {
  folder = await tempFolder();
});

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const says = (version: string): string => `echo '{"terraform_version":"${version}"}'`;

test("finds the terraform of this computer", async () => {
  const { path, version } = await findTerraform();

  expect(path).toMatch(/terraform|tofu/);
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});

test("takes tofu where there is no terraform", async () => {
  await program("tofu", says("1.10.2"));

  expect(await findTerraform({ PATH: folder })).toEqual({ path: "tofu", version: "1.10.2" });
});

test("takes tofu when terraform is too old", async () => {
  await program("terraform", says("1.5.7"));
  await program("tofu", says("1.6.0"));

  expect(await findTerraform({ PATH: folder })).toMatchObject({ path: "tofu" });
});

test("takes what VMRIG_TERRAFORM names, and nothing else", async () => {
  const path = await program("mine", says("1.12.0-rc1"));

  expect(await findTerraform({ PATH: process.env["PATH"], VMRIG_TERRAFORM: path })).toEqual({
    path,
    version: "1.12.0-rc1",
  });
  await expect(
    findTerraform({ PATH: process.env["PATH"], VMRIG_TERRAFORM: join(folder, "none") }),
  ).rejects.toMatchObject({
    code: "TERRAFORM_MISSING",
    details: [`${join(folder, "none")}: no such file`],
  });
});

test("names both programs, what is wrong with each, and how to install one", async () => {
  await program("terraform", says("0.13.0"));

  await expect(
    findTerraform({ PATH: [folder, join(folder, "empty")].join(delimiter) }),
  ).rejects.toMatchObject({
    code: "TERRAFORM_MISSING",
    details: ["terraform: 0.13.0 is older than 1.6", "tofu: not on the PATH"],
    hint: expect.stringMatching(
      /opentofu\.org.*developer\.hashicorp\.com.*VMRIG_TERRAFORM/,
    ) as string,
  });
});

test("does not take a program that only bears the name", async () => {
  await program("terraform", "echo hello");
  await program("tofu", "exit 7");

  await expect(findTerraform({ PATH: folder })).rejects.toMatchObject({
    details: [
      'terraform: `version -json` printed "hello"',
      expect.stringContaining("tofu: `version -json` failed"),
    ],
  });
});

test("says that terraform was killed, not that there is none; and does not go on with another one", async () => {
  await program("terraform", "kill -KILL $$");
  await program("tofu", says("1.10.2"));

  await expect(findTerraform({ PATH: folder })).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    summary: "`terraform version -json` was ended by SIGKILL, not by vmrig.",
    hint: expect.stringContaining("run again") as string,
  });
});
