import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { PLATFORM } from "@vmrig/terraform-plugin/mirror";

export const PROVIDER_SOURCE = "registry.terraform.io/hetznercloud/hcloud";
/** OpenTofu completes the name of a provider with another host. */
export const OPENTOFU_SOURCE = "registry.opentofu.org/hetznercloud/hcloud";
export const PROVIDER_VERSION = "1.68.0";

/**
 * Returns the mirror of this computer that has the real provider for this platform, unpacked or
 * packed. Terraform reads a plugin cache like a mirror.
 */
export async function findMirror(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const home = environment["HOME"] ?? homedir();
  const mirrors = [
    ...(await configuredMirrors(environment["TF_CLI_CONFIG_FILE"] ?? join(home, ".terraformrc"))),
    join(home, ".terraform.d/plugins"),
    join(home, ".local/share/terraform/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    environment["TF_PLUGIN_CACHE_DIR"] ?? "",
  ];
  for (const mirror of mirrors) if (mirror !== "" && (await hasProvider(mirror))) return mirror;
  return undefined;
}

/** Returns the folders of `filesystem_mirror` and `plugin_cache_dir`. */
async function configuredMirrors(file: string): Promise<string[]> {
  try {
    const config = await readFile(file, "utf8");
    const withoutComments = config.replaceAll(/^\s*(?:#|\/\/).*$/gm, "");
    const mirrors = withoutComments.matchAll(/filesystem_mirror\s*\{[^}]*?\bpath\s*=\s*"([^"]+)"/g);
    const caches = withoutComments.matchAll(/^\s*plugin_cache_dir\s*=\s*"([^"]+)"/gm);
    return [...mirrors, ...caches].map(([, path = ""]) => path);
  } catch {
    return [];
  }
}

async function hasProvider(mirror: string): Promise<boolean> {
  const folder = join(mirror, PROVIDER_SOURCE);
  const unpacked = await filesIn(join(folder, PROVIDER_VERSION, PLATFORM));
  if (unpacked.some((name) => name.startsWith("terraform-provider-hcloud"))) return true;
  const packed = `terraform-provider-hcloud_${PROVIDER_VERSION}_${PLATFORM}.zip`;
  return (await filesIn(folder)).includes(packed);
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
