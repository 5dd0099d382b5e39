import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, vi } from "vitest";
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
  // OpenTofu is not installed. The test shows that nothing depends on the name `terraform`.
  const tofu = join(testRig.copy.folder, "tofu");
  await writeFile(tofu, '#!/bin/sh\nexec terraform "$@"\n');
  await chmod(tofu, 0o755);
  vi.stubEnv("VMRIG_TERRAFORM", tofu);

  expect(await testRig.provision()).toMatchObject({ created: [PC1, PC2] });
  expect(await testRig.provision()).toMatchObject({ created: [] });
});
