import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

export interface InstalledProvider {
  /** With the hosts, for example `registry.terraform.io/hetznercloud/hcloud`. */
  readonly sources: readonly string[];
  readonly version: string;
  /** File of the Node.js program that is the provider. */
  readonly program: string;
}

/** The name of this computer's platform in mirrors. */
export const PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}_${
  process.arch === "x64" ? "amd64" : process.arch
}`;

/**
 * Writes a mirror with a provider into the folder, and a CLI configuration that makes Terraform
 * look for this provider nowhere else. Returns the path of the configuration, which is for
 * `TF_CLI_CONFIG_FILE`. The provider is the same program in every folder, so that one lock file
 * fits all.
 */
export async function writeMirror(
  folder: string,
  { sources, version, program }: InstalledProvider,
): Promise<string> {
  const mirror = join(folder, "mirror");
  // Terraform starts the provider three times per plan: 1.1 s, or 0.6 s with a warm cache.
  const cache = process.env["NODE_COMPILE_CACHE"] ?? "";
  const command = `NODE_COMPILE_CACHE='${cache}' exec '${process.execPath}' '${program}'`;
  for (const source of sources) {
    const unpacked = join(mirror, source, version, PLATFORM);
    await mkdir(unpacked, { recursive: true });
    const file = join(unpacked, `terraform-provider-${basename(source)}_v${version}`);
    await writeFile(file, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  }
  return await writeCliConfig(folder, mirror);
}

/** Returns the path of a CLI configuration that installs providers only from the mirror. */
export async function writeCliConfig(folder: string, mirror: string): Promise<string> {
  const path = join(folder, "terraform.rc");
  const config = `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`;
  await writeFile(path, config);
  return path;
}
