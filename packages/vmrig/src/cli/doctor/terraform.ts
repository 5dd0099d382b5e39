import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding } from "../../driver/finding.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { findTerraform, type TerraformBinary } from "../../provision/terraform-binary.ts";
import { terraformEnvironment } from "../../provision/terraform-environment.ts";
import { runTerraform } from "../../provision/terraform-run.ts";
import { failure } from "./finding.ts";

const WHAT = "Terraform";

/**
 * A stack like that of a rig of local machines. It needs no download: the provider of
 * `terraform_data` is built in.
 */
const STACK = JSON.stringify({
  resource: { terraform_data: { probe: {} } },
});

/** Finds Terraform and initialises a stack with it, as a run does. Needs no network. */
export async function examineTerraform(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const binary = await findTerraform(env);
    const failed = await tryInit(binary, env, signal);
    const { path, version } = binary;
    if (failed === undefined)
      return {
        what: WHAT,
        status: "ok",
        measured: `${path} ${version}; a stack can be initialised`,
      };
    return {
      what: WHAT,
      status: "fail",
      measured: `\`${path} init\` failed with version ${version}: ${failed}`,
      fix: "reinstall it, or set VMRIG_TERRAFORM to another binary",
    };
  } catch (error) {
    signal.throwIfAborted();
    return failure(WHAT, error);
  }
}

/** @returns the last lines of Terraform's output if it failed */
async function tryInit(
  binary: TerraformBinary,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-doctor-"));
  try {
    const files = stateFiles({ folder });
    await mkdir(files.stack, { recursive: true });
    await writeFile(files.cliConfig, "");
    await writeFile(join(files.stack, "main.tf.json"), STACK);
    const { exitCode, output } = await runTerraform(binary, {
      args: ["init", "-no-color", "-input=false"],
      cwd: files.stack,
      env: terraformEnvironment(files, env),
      signal,
      timeoutMs: 60_000,
    });
    return exitCode === 0 ? undefined : output.trim().split("\n").slice(-3).join(" ");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
