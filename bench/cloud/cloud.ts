import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installProvider, startDoubleProcess } from "@vmrig/hcloud-double";
import { openFolders } from "vmrig/runner";
import { startRedis } from "../lease/redis.ts";

/**
 * Starts a project of Hetzner Cloud whose servers are machines of this computer, a Redis and a new
 * home, and sets the environment of this process to them.
 */
export async function startCloud(): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { cache } = await openFolders();
  const folder = await mkdtemp(join(tmpdir(), "vmrig-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const imageFolder = join(cache, "images", "debian-13");
  const double = stack.use(await startDoubleProcess({ imageFolder }));
  // As `vmrig image publish` would have uploaded it.
  await double.control("POST", "/snapshots", {
    image: "103",
    description: "debian-13",
    labels: { "vmrig-image": "recipe-1", "vmrig-image-name": "debian-13" },
  });
  const redis = stack.use(await startRedis());
  const { cliConfig } = await installProvider(folder);
  Object.assign(process.env, {
    HCLOUD_TOKEN: double.token,
    HCLOUD_ENDPOINT: double.endpoint,
    TF_CLI_CONFIG_FILE: cliConfig,
    VMRIG_REDIS_URL: `unix://${redis.socketPath}`,
    VMRIG_STATE_KEY: randomBytes(32).toString("base64"),
    VMRIG_HOME: join(folder, "home"),
  });
  return stack.move();
}
