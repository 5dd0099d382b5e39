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

const printVersion = (version: string): string => `echo '{"terraform_version":"${version}"}'`;

test("finds Terraform on this computer", async () => {
  const { path, version } = await findTerraform();

  expect(path).toMatch(/terraform|tofu/);
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});

test("uses tofu when there is no terraform", async () => {
  await program("tofu", printVersion("1.10.2"));

  expect(await findTerraform({ PATH: folder })).toEqual({ path: "tofu", version: "1.10.2" });
});

test("uses tofu when terraform is too old", async () => {
  await program("terraform", printVersion("1.5.7"));
  await program("tofu", printVersion("1.6.0"));

  expect(await findTerraform({ PATH: folder })).toMatchObject({ path: "tofu" });
});

test("uses only the program that VMRIG_TERRAFORM names", async () => {
  const path = await program("mine", printVersion("1.12.0-rc1"));

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

test("the error names both programs, the fault of each, and how to install one", async () => {
  await program("terraform", printVersion("0.13.0"));

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

test("refuses a program that has the name but is not Terraform", async () => {
  await program("terraform", "echo hello");
  await program("tofu", "exit 7");

  await expect(findTerraform({ PATH: folder })).rejects.toMatchObject({
    details: [
      'terraform: `version -json` printed "hello"',
      expect.stringContaining("tofu: `version -json` failed"),
    ],
  });
});

test("a killed terraform is reported as killed, and tofu is not tried", async () => {
  await program("terraform", "kill -KILL $$");
  await program("tofu", printVersion("1.10.2"));

  await expect(findTerraform({ PATH: folder })).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    summary: "`terraform version -json` was killed by SIGKILL, which vmrig did not send.",
    hint: expect.stringContaining("run again") as string,
  });
});
