import { VmrigError } from "../errors/vmrig-error.ts";
import type { TerraformEnded } from "./terraform-run.ts";

/**
 * Maximum number of lines shown per diagnostic, which may contain the whole output of a step. The
 * first lines say what failed, the last lines why.
 */
const SHOWN = 15;

/**
 * Creates the error of a Terraform command that ended with exit code 1. The details are Terraform's
 * diagnostics without decoration.
 */
export function terraformFailure(options: {
  /** `tofu apply` */
  readonly command: string;
  readonly copy: string;
  readonly ended: TerraformEnded;
  readonly log?: string | undefined;
}): VmrigError {
  const { command, copy, ended, log } = options;
  const diagnostics = [...new Set(diagnosticsOf(ended.output))];
  return new VmrigError("TERRAFORM_FAILED", {
    message: `\`${command}\` for "${copy}" failed with exit code ${ended.exitCode}.`,
    details: (diagnostics.length > 0 ? diagnostics : [ended.output]).flatMap(excerpt),
    ...(log === undefined
      ? {}
      : {
          hint: `fix the cause; the next run recreates incomplete machines. The full log: ${log}`,
        }),
  });
}

/**
 * Returns each error of the machine-readable output (`-json`: one object per line), or of the plain
 * output of `init`.
 */
function diagnosticsOf(output: string): string[] {
  const found: string[] = [];
  for (const line of output.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { diagnostic } = parseLine(line);
    if (diagnostic?.severity !== "error") continue;
    const { address, summary, detail } = diagnostic;
    // Terraform prints this again for each resource that it did not start.
    if (summary === "execution halted") continue;
    found.push(`${address === undefined ? "" : `${address}: `}${summary}\n${detail ?? ""}`.trim());
  }
  return found;
}

interface Line {
  readonly diagnostic?: {
    readonly severity: string;
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
  };
}

function parseLine(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return {};
  }
}

function excerpt(text: string): string[] {
  const lines = text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  return lines.length <= SHOWN ? lines : [...lines.slice(0, 2), "…", ...lines.slice(2 - SHOWN)];
}
