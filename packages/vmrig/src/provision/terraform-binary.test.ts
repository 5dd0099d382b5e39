import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join, relative } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
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
  const path = await program("tofu", printVersion("1.10.2"));

  expect(await findTerraform({ PATH: folder })).toEqual({ path, version: "1.10.2" });
});

test("uses tofu when terraform is too old", async () => {
  await program("terraform", printVersion("1.5.7"));
  const path = await program("tofu", printVersion("1.6.0"));

  expect(await findTerraform({ PATH: folder })).toMatchObject({ path });
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
    details: [`${join(folder, "none")}: no such program`],
  });
});

test("the error names both programs, the fault of each, and how to install one", async () => {
  const terraform = await program("terraform", printVersion("0.13.0"));

  await expect(
    findTerraform({ PATH: [folder, join(folder, "empty")].join(delimiter) }),
  ).rejects.toMatchObject({
    code: "TERRAFORM_MISSING",
    details: [`${terraform}: 0.13.0 is older than 1.6`, "tofu: not on the PATH"],
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
      expect.stringContaining('terraform: `version -json` printed "hello"'),
      expect.stringContaining("tofu: `version -json` failed"),
    ],
  });
});

test("a killed terraform is reported as killed, and tofu is not tried", async () => {
  const path = await program("terraform", "kill -KILL $$");
  await program("tofu", printVersion("1.10.2"));

  await expect(findTerraform({ PATH: folder })).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    summary: `\`${path} version -json\` was ended by SIGKILL, which vmrig did not send.`,
    hint: expect.stringContaining("run again") as string,
  });
});

test("a relative path, in VMRIG_TERRAFORM or on the PATH, becomes absolute", async () => {
  const path = await program("terraform", printVersion("1.10.2"));
  const toFolder = relative(process.cwd(), folder);

  expect(await findTerraform({ VMRIG_TERRAFORM: join(toFolder, "terraform") })).toMatchObject({
    path,
  });
  expect(await findTerraform({ PATH: toFolder })).toMatchObject({ path });
});

/** The wrapper of `setup-terraform` and `setup-opentofu`, as far as it matters here. */
const wrapper = (variable: string, name: string): string => `
test -n "$${variable}" || { echo "Unable to locate executable file: undefined/${name}-bin" >&2; exit 1; }
"$${variable}/${name}-bin" "$@"
code=$?
printf "::set-output name=exitcode::%s\\n" $code
test $code = 2 && exit 0
exit $code`;

describe("the wrapper script of setup-terraform and setup-opentofu", () => {
  test.for([
    ["terraform", "TERRAFORM_CLI_PATH"],
    ["tofu", "TOFU_CLI_PATH"],
  ] as const)("%s is replaced by the program beside it", async ([name, variable]) => {
    await program(name, wrapper(variable, name));
    const path = await program(`${name}-bin`, printVersion("1.10.2"));

    expect(await findTerraform({ PATH: folder })).toEqual({ path, version: "1.10.2" });
    expect(await findTerraform({ VMRIG_TERRAFORM: join(folder, name) })).toMatchObject({ path });
  });

  test("is named in the error when the program is not beside it", async () => {
    const terraform = await program(
      "terraform",
      `${printVersion("1.10.2")}; echo ::set-output name=exitcode::0`,
    );

    await expect(findTerraform({ PATH: folder })).rejects.toMatchObject({
      code: "TERRAFORM_MISSING",
      details: [
        `${terraform}: a wrapper script that adds lines to the output`,
        "tofu: not on the PATH",
      ],
    });
  });
});
