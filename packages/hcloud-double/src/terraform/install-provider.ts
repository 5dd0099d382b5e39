import { fileURLToPath } from "node:url";
import { writeCliConfig, writeMirror } from "@vmrig/terraform-plugin/mirror";
import { findMirror, OPENTOFU_SOURCE, PROVIDER_SOURCE, PROVIDER_VERSION } from "./find-mirror.ts";

export interface InstalledHcloudProvider {
  /** For `TF_CLI_CONFIG_FILE`. */
  readonly cliConfig: string;
  /** A test run prints it. */
  readonly which: "real" | "stand-in";
}

/**
 * Writes a CLI configuration into the folder with which Terraform finds hetznercloud/hcloud 1.68.0
 * and no other provider. It is the real one where this computer has it in a mirror, and else the
 * stand-in. The stand-in wants `HCLOUD_ENDPOINT` and a token of 64 characters.
 */
export async function installProvider(
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<InstalledHcloudProvider> {
  const mirror = await findMirror(environment);
  if (mirror !== undefined)
    return { cliConfig: await writeCliConfig(folder, mirror), which: "real" };
  const cliConfig = await writeMirror(folder, {
    sources: [PROVIDER_SOURCE, OPENTOFU_SOURCE],
    version: PROVIDER_VERSION,
    program: fileURLToPath(new URL(`provider${extension()}`, import.meta.url)),
  });
  return { cliConfig, which: "stand-in" };
}

/** This code runs from its sources and, in other packages, from `dist`. */
function extension(): string {
  return import.meta.url.endsWith(".ts") ? ".ts" : ".js";
}
