import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLATFORM } from "@vmrig/terraform-plugin/mirror";
import { expect, onTestFinished, test } from "vitest";
import { installProvider } from "./install-provider.ts";

const SOURCE = "registry.terraform.io/hetznercloud/hcloud";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "hcloud-double-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Returns a mirror with a provider of a version, unpacked. */
async function mirrorWith(version: string): Promise<string> {
  const mirror = join(await folder(), "mirror");
  const unpacked = join(mirror, SOURCE, version, PLATFORM);
  await mkdir(unpacked, { recursive: true });
  await writeFile(join(unpacked, `terraform-provider-hcloud_v${version}`), "");
  return mirror;
}

async function rcWith(content: string): Promise<NodeJS.ProcessEnv> {
  const home = await folder();
  const file = join(home, "any.rc");
  await writeFile(file, content);
  return { HOME: home, TF_CLI_CONFIG_FILE: file };
}

test("takes the real provider from a mirror of the CLI configuration", async () => {
  const mirror = await mirrorWith("1.68.0");
  const content = `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`;
  const { which, cliConfig } = await installProvider(await folder(), await rcWith(content));
  expect(which).toBe("real");
  expect(await readFile(cliConfig, "utf8")).toContain(`path = "${mirror}"`);
});

test("takes the real provider from the plugin folder and from the plugin cache", async () => {
  const cache = await mirrorWith("1.68.0");
  const { which } = await installProvider(await folder(), {
    HOME: await folder(),
    TF_PLUGIN_CACHE_DIR: cache,
  });
  expect(which).toBe("real");
  const home = await folder();
  const packed = join(home, ".terraform.d/plugins", SOURCE);
  await mkdir(packed, { recursive: true });
  await writeFile(join(packed, `terraform-provider-hcloud_1.68.0_${PLATFORM}.zip`), "");
  expect((await installProvider(await folder(), { HOME: home })).which).toBe("real");
});

test("installs the stand-in instead of another version, or of a mirror in a comment", async () => {
  const other = await mirrorWith("1.67.0");
  const same = await mirrorWith("1.68.0");
  const content = `plugin_cache_dir = "${other}"\n# plugin_cache_dir = "${same}"\n`;
  const { which, cliConfig } = await installProvider(await folder(), await rcWith(content));
  expect(which).toBe("stand-in");
  expect(await readFile(cliConfig, "utf8")).not.toContain(other);
});
