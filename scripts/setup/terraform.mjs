import { captureChild } from "../child.mjs";
import { SetupError } from "./setup-error.mjs";
import { which } from "./system.mjs";

/**
 * Finds Terraform or OpenTofu in the same order as vmrig: `VMRIG_TERRAFORM`, `terraform`, `tofu`.
 *
 * @param {{ env: NodeJS.ProcessEnv }} context
 * @returns {Promise<string | SetupError>} its name and version: `Terraform v1.11.4`
 */
export async function findTerraform({ env }) {
  const chosen = env["VMRIG_TERRAFORM"];
  const program =
    chosen || which("terraform", env["PATH"] ?? "") || which("tofu", env["PATH"] ?? "");
  if (program === undefined) {
    return new SetupError(
      "Neither Terraform nor OpenTofu is on PATH; vmrig needs one of them to create machines.",
      [
        "hint: install the package `terraform` or `tofu` from its maker's repository for your system, or copy the program into a folder on PATH.",
        "hint: if it is installed elsewhere, set VMRIG_TERRAFORM to its path.",
      ],
    );
  }
  const tried = await captureChild(program, ["version"], {
    env: { ...env, CHECKPOINT_DISABLE: "1" },
  }).catch((error) => ({
    code: 127,
    stdout: "",
    output: String(error),
  }));
  const version = /^(?:Terraform|OpenTofu) v\S+/m.exec(tried.stdout)?.[0];
  if (tried.code === 0 && version !== undefined) return version;
  return new SetupError(
    `${program} answers \`version\` with exit code ${tried.code}, so it is neither Terraform nor OpenTofu.`,
    [
      ...tried.output.trim().split("\n"),
      chosen
        ? "hint: correct VMRIG_TERRAFORM, or unset it to search PATH."
        : "hint: set VMRIG_TERRAFORM to a program that works.",
    ],
  );
}
