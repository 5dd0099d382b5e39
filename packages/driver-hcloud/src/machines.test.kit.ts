import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { HcloudDouble, installProvider, qemuBackend, type QemuBackend } from "@vmrig/hcloud-double";
import type { CopySpec } from "vmrig/driver";
import { driverTerraform, type DriverTerraform } from "vmrig/driver-terraform";
import { awaitActions } from "./api/action/await-actions.ts";
import { createClient, type Client } from "./api/call/client.ts";
import { createSnapshot, findSystemImage } from "./api/images.ts";
import { createServer, deleteServer } from "./api/servers.ts";
import { createSshKey, deleteSshKey } from "./api/ssh-keys.ts";
import { KEY, OPTIONS, SECRET } from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";

/** A project in the cloud whose servers are machines, with a published image. */
export interface Cloud extends AsyncDisposable {
  readonly double: HcloudDouble;
  readonly backend: QemuBackend;
  readonly client: Client;
  readonly copy: CopySpec;
  readonly driver: ReturnType<typeof hcloud>;
  readonly terraform: DriverTerraform;
  /** Lines of output so far. */
  readonly output: string[];
}

/** The image is built on this computer. */
const CACHE =
  process.env["VMRIG_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig");

/** Starts a project with a rig of these machines, which do not exist yet. */
export async function startMachines(names: readonly string[]): Promise<Cloud> {
  await using stack = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const backend = stack.use(await qemuBackend({ imageFolder: join(CACHE, "images", "debian-13") }));
  const double = stack.use(await HcloudDouble.start({ backend }));
  const { token, endpoint } = double;
  const client = stack.use(createClient({ token, endpoint }));
  const { cliConfig, which } = await installProvider(root);
  process.stdout.write(`Terraform runs with the ${which} provider hcloud\n`);
  const before = { ...process.env };
  Object.assign(process.env, {
    HCLOUD_TOKEN: token,
    HCLOUD_ENDPOINT: endpoint,
    TF_CLI_CONFIG_FILE: cliConfig,
  });
  stack.defer(() => {
    for (const name of ["HCLOUD_TOKEN", "HCLOUD_ENDPOINT", "TF_CLI_CONFIG_FILE"])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });
  await publishSystemImage(client);
  const copy: CopySpec = {
    rig: "contract",
    copy: "contract-1",
    folder: join(root, "rigs", "contract-1"),
    runtimeFolder: join(root, "run", "contract-1"),
    cacheFolder: join(root, "cache"),
    machines: names.map((name, index) => ({
      name,
      cpus: 1,
      memoryMb: 512,
      diskGb: 4,
      lanAddress: `10.77.0.${11 + index}`,
    })),
  };
  for (const folder of [copy.folder, copy.runtimeFolder])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  const driver = hcloud(OPTIONS);
  const output: string[] = [];
  const terraform = driverTerraform({
    driver,
    copy,
    secret: SECRET,
    say: (line) => output.push(line),
  });
  const owned = stack.move();
  return {
    double,
    backend,
    client,
    copy,
    driver,
    terraform,
    output,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes the system image of the double one that `vmrig image publish` could have uploaded. */
async function publishSystemImage(client: Client): Promise<void> {
  const ended = (actions: Parameters<typeof awaitActions>[1]["actions"]): Promise<void> =>
    awaitActions(client, { actions, task: "publish the image", timeoutMs: 120_000 });
  const image = await findSystemImage(client, { name: "debian-13", architecture: "x86" });
  const labels = { "vmrig-image": "recipe.1", "vmrig-image-name": "debian-13" };
  const key = await createSshKey(client, { key: { ...KEY, labels } });
  const { resource: of, actions } = await createServer(client, {
    server: {
      name: "publish",
      labels,
      server_type: "cx23",
      image: image?.id ?? 0,
      location: "fsn1",
      ssh_keys: [key.resource.id],
      start_after_create: false,
    },
  });
  await ended(actions);
  const snapshot = await createSnapshot(client, { of, labels, description: "debian-13" });
  await ended(snapshot.actions);
  await ended(await deleteServer(client, { of }));
  await deleteSshKey(client, { of: key.resource });
}
