import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, vi } from "vitest";
import { quoteWord } from "../ssh/quote.ts";
import { findTerraform } from "./terraform-binary.ts";
import { destroy } from "./destroy.ts";
import { PC1, PC2, test } from "./test-rig.test.kit.ts";
import { hostEnvironment, terraformEnvironment } from "./terraform-environment.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("passes variables of the computer on, but no secrets", ({ testRig }) => {
  expect(
    hostEnvironment({
      PATH: "/bin",
      HOME: "/h",
      https_proxy: "p",
      HCLOUD_TOKEN: "t",
      TF_VAR_a: "b",
      NODE_OPTIONS: "c",
      EMPTY: undefined,
    }),
  ).toEqual({
    PATH: "/bin",
    HOME: "/h",
    https_proxy: "p",
  });
  expect(terraformEnvironment(testRig.files, {})).toMatchObject({
    TF_DATA_DIR: testRig.files.data,
    CHECKPOINT_DISABLE: "1",
  });
});

test("the user's own CLI config applies, for its mirrors and credentials, but not a missing one", async ({
  testRig,
}) => {
  const { files, copy } = testRig;
  const environment = (more: NodeJS.ProcessEnv) =>
    terraformEnvironment(files, { HOME: copy.folder, ...more })["TF_CLI_CONFIG_FILE"];
  const named = join(copy.folder, "named.rc");
  expect(environment({})).toBe(files.cliConfig);
  expect(environment({ TF_CLI_CONFIG_FILE: named })).toBe(files.cliConfig);
  await writeFile(named, "");
  expect(environment({ TF_CLI_CONFIG_FILE: named })).toBe(named);
  await writeFile(join(copy.folder, ".terraformrc"), "");
  expect(environment({})).toBeUndefined();
});

test("the cache of plugins and the variables of the providers are passed on", ({ testRig }) => {
  const environment = { TF_PLUGIN_CACHE_DIR: "/cache", HCLOUD_TOKEN: "t", AWS_SECRET: "s" };
  const passed = terraformEnvironment(testRig.files, environment, ["HCLOUD_TOKEN", "HCLOUD_NONE"]);
  expect(passed).toMatchObject({ TF_PLUGIN_CACHE_DIR: "/cache", HCLOUD_TOKEN: "t" });
  expect(Object.keys(passed)).not.toContain("AWS_SECRET");
  expect(Object.keys(passed)).not.toContain("HCLOUD_NONE");
});

test("variables of the user's shell change neither the plan nor its location", async ({
  testRig,
}) => {
  await testRig.provision();
  vi.stubEnv("TF_CLI_ARGS", "-destroy");
  vi.stubEnv("TF_CLI_ARGS_plan", "-destroy");
  vi.stubEnv("TF_WORKSPACE", "other");
  vi.stubEnv("TF_DATA_DIR", "/nonexistent");
  vi.stubEnv("CDKTF_OUTDIR", "/nonexistent");
  vi.stubEnv("SYNTH_HCL_OUTPUT", "true");

  expect(await testRig.provision()).toMatchObject({ created: [], replaced: [], deleted: [] });
});

test("works with a program of another name, such as OpenTofu", async ({ testRig }) => {
  // OpenTofu may not be installed. The test shows that nothing depends on the name `terraform`.
  const { path } = await findTerraform();
  const tofu = join(testRig.copy.folder, "tofu");
  await writeFile(tofu, `#!/bin/sh\nexec ${quoteWord(path)} "$@"\n`);
  await chmod(tofu, 0o755);
  vi.stubEnv("VMRIG_TERRAFORM", tofu);

  expect(await testRig.provision()).toMatchObject({ created: [PC1, PC2] });
  expect(await testRig.provision()).toMatchObject({ created: [] });
});

test("an error names the program that ran", async ({ testRig }) => {
  const { path } = await findTerraform();
  const tofu = join(testRig.copy.folder, "tofu");
  await writeFile(
    tofu,
    `#!/bin/sh\ntest "$1" = apply && kill -KILL $$\nexec ${quoteWord(path)} "$@"\n`,
  );
  await chmod(tofu, 0o755);
  vi.stubEnv("VMRIG_TERRAFORM", tofu);

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    summary: expect.stringMatching(/^`tofu apply` in .* was ended by SIGKILL, /) as string,
  });
  await writeFile(tofu, `#!/bin/sh\ntest "$1" = plan && exit 1\nexec ${quoteWord(path)} "$@"\n`);
  await expect(testRig.provision()).rejects.toMatchObject({
    summary: '`tofu plan` for "pcs-1" failed with exit code 1.',
  });
});

test("a wrapper script that always exits with 0 hides neither changes nor a failure", async ({
  testRig,
}) => {
  const { path } = await findTerraform();
  const wrapper = join(testRig.copy.folder, "wrapped");
  await writeFile(wrapper, `#!/bin/sh\n${quoteWord(path)} "$@"\nexit 0\n`);
  await chmod(wrapper, 0o755);
  vi.stubEnv("VMRIG_TERRAFORM", wrapper);
  const { create } = testRig.driver;
  testRig.driver.create = `${create} && test "$(basename "$1")" = pc1`;

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    summary: 'The apply for "pcs-1" reported success, but did not complete pc2.',
  });
  testRig.driver.create = create;
  expect(await testRig.provision()).toMatchObject({ replaced: [PC2] });
  expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });

  await writeFile(wrapper, `#!/bin/sh\ntest "$1" = apply || ${quoteWord(path)} "$@"\nexit 0\n`);
  await expect(destroy({ ...testRig.options(), confirm: "pcs" })).rejects.toMatchObject({
    summary: expect.stringContaining(`the state still has ${PC1}, ${PC2}`) as string,
  });
});
