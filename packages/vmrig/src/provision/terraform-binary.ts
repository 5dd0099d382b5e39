import { basename, resolve } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { VmrigError } from "../errors/vmrig-error.ts";
import { isPath, locateProgram, withoutWrapper } from "./locate-program.ts";
import { hostEnvironment } from "./terraform-environment.ts";

/** `terraform_data` came with 1.4, `errored` in the plan with 1.5; OpenTofu begins with 1.6. */
const OLDEST = [1, 6] as const;

export interface TerraformBinary {
  /** An absolute path, except on Windows. */
  readonly path: string;
  readonly version: string;
}

/** Returns the name of a binary in a message: `tofu`. */
export function binaryName({ path }: Pick<TerraformBinary, "path">): string {
  return basename(path);
}

/**
 * Finds the program that runs vmrig's stacks: `VMRIG_TERRAFORM`, otherwise the first of `terraform`
 * and `tofu` on the `PATH` that works and is recent enough. A relative `VMRIG_TERRAFORM` is resolved
 * against the working folder. `npm run setup` uses this function, too.
 *
 * @throws VmrigError `TERRAFORM_MISSING` with the programs that were tried; `TERRAFORM_FAILED` when
 *   a program was killed or hung while it printed its version
 */
export async function findTerraform(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TerraformBinary> {
  const asked = environment["VMRIG_TERRAFORM"];
  const tried: string[] = [];
  for (const name of asked === undefined || asked === "" ? ["terraform", "tofu"] : [asked]) {
    const found = await locateProgram(name, environment);
    if (found === undefined) {
      tried.push(isPath(name) ? `${resolve(name)}: no such program` : `${name}: not on the PATH`);
      continue;
    }
    const path = await withoutWrapper(found);
    const version = await versionOf(path, environment);
    if ("unusable" in version) tried.push(`${path}: ${version.unusable}`);
    else if (isOld(version.found))
      tried.push(`${path}: ${version.found} is older than ${OLDEST.join(".")}`);
    else return { path, version: version.found };
  }
  throw new VmrigError("TERRAFORM_MISSING", {
    message: `Neither Terraform nor OpenTofu ${OLDEST.join(".")} or newer was found; vmrig needs one of them to create machines.`,
    details: tried,
    hint: "install OpenTofu (https://opentofu.org/docs/intro/install) or Terraform (https://developer.hashicorp.com/terraform/install), or point `VMRIG_TERRAFORM` to one",
  });
}

const VERSION_MS = 30_000;
const VERSION = z.object({ terraform_version: z.string() });

async function versionOf(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ found: string } | { unusable: string }> {
  const result = await execa(path, ["version", "-json"], {
    env: { ...hostEnvironment(environment), CHECKPOINT_DISABLE: "1" },
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    timeout: VERSION_MS,
  });
  // The program exists: continuing with the other one, or asking the user to install it, would be
  // wrong.
  if (result.timedOut) throw interrupted(path, `did not end within ${VERSION_MS / 1000} s`);
  if (result.signal !== undefined)
    throw interrupted(path, `was ended by ${result.signal}, which vmrig did not send`);
  if (result.failed) return { unusable: `\`version -json\` failed: ${result.shortMessage}` };
  try {
    return { found: VERSION.parse(JSON.parse(result.stdout)).terraform_version };
  } catch {
    if (result.stdout.includes("::set-output"))
      return { unusable: "a wrapper script that adds lines to the output" };
    return { unusable: `\`version -json\` printed ${JSON.stringify(result.stdout.slice(0, 60))}` };
  }
}

function interrupted(path: string, what: string): VmrigError {
  return new VmrigError("TERRAFORM_FAILED", {
    message: `\`${path} version -json\` ${what}.`,
    hint: "run again: vmrig changed nothing. If memory ran out, the kernel's log shows it: `dmesg | grep -i oom`",
  });
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
