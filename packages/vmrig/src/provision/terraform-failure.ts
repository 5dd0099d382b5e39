import { VmrigError } from "../errors/vmrig-error.ts";
import type { TerraformEnded } from "./terraform-run.ts";

/**
 * Lines of one diagnostic that are shown: a step's whole output is in there. The first says what
 * failed, the last ones why.
 */
const SHOWN = 15;

/**
 * The error of a Terraform command that ended with exit code 1: what Terraform says about it,
 * without its decoration.
 */
export function terraformFailure(options: {
  readonly command: string;
  readonly copy: string;
  readonly ended: TerraformEnded;
  readonly log?: string | undefined;
}): VmrigError {
  const { command, copy, ended, log } = options;
  const diagnostics = [...new Set(diagnosticsOf(ended.output))];
  return new VmrigError("TERRAFORM_FAILED", {
    message: `\`terraform ${command}\` for "${copy}" failed with exit code ${ended.exitCode}.`,
    details: (diagnostics.length > 0 ? diagnostics : [ended.output]).flatMap(telling),
    ...(log === undefined
      ? {}
      : {
          hint: `mend the cause and run again: what was half made is made anew. The whole log: ${log}`,
        }),
  });
}

/**
 * Each error of the machine-readable output (`-json`: one object a line), or of the plain one of
 * `init`.
 */
function diagnosticsOf(output: string): string[] {
  const found: string[] = [];
  for (const line of output.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { diagnostic } = parseLine(line);
    if (diagnostic?.severity !== "error") continue;
    const { address, summary, detail } = diagnostic;
    // Printed once more for each resource that was not begun.
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

function telling(text: string): string[] {
  const lines = text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  return lines.length <= SHOWN ? lines : [...lines.slice(0, 2), "…", ...lines.slice(2 - SHOWN)];
}
