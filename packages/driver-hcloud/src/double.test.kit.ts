import { HcloudDouble, type HcloudDoubleOptions } from "@vmrig/hcloud-double";
import { onTestFinished, vi } from "vitest";
import type { Authority, CopySpec } from "vmrig/driver";
import { awaitActions } from "./api/action/await-actions.ts";
import { createClient, type Client } from "./api/call/client.ts";
import type { Labels } from "./api/call/label-selector.ts";
import { findSystemImage } from "./api/images.ts";
import { createServer, type Server } from "./api/servers.ts";
import { createSshKey, listSshKeys } from "./api/ssh-keys.ts";
import { copyLabels, MACHINE, OWNER } from "./labels.ts";
import type { HcloudOptions } from "./options.ts";

export const OPTIONS: HcloudOptions = {
  locations: ["fsn1", "nbg1"],
  serverTypes: ["cx23", "cpx22"],
  firewall: { ssh: ["203.0.113.0/24"] },
};
/** Secret of the copy. */
export const SECRET = "c2VjcmV0IG9mIHRoZSBjb3B5";

export const OWNER_ID = "11111111-2222-4333-8444-555555555555";

const SPEC = { cpus: 1, memoryMb: 1024, diskGb: 10 };

/** Returns a copy with these machines, with addresses in their order, as a config gives them. */
export function copyOf(names: readonly string[], lanPrefix = "10.77.0"): CopySpec {
  return {
    rig: "pcs",
    copy: "pcs-1",
    folder: "/nowhere",
    runtimeFolder: "/nowhere",
    cacheFolder: "/nowhere",
    machines: names.map((name, index) => ({
      ...SPEC,
      name,
      lanAddress: `${lanPrefix}.${11 + index}`,
    })),
  };
}

export const TWO_MACHINES: CopySpec = copyOf(["pc1", "pc2"]);

/** Terraform's key of the copy has another name. */
export const KEY = {
  name: "records",
  public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZY06yTtKdgdViHqPet8FvSw5SrHyPJD8l9E0ODzcs/",
};

export interface Project {
  readonly double: HcloudDouble;
  readonly client: Client;
}

/** Starts a double, until the test ends, and makes it the account of the driver. */
export async function startProject(options: HcloudDoubleOptions = {}): Promise<Project> {
  const double = await HcloudDouble.start({ actionDelay: async () => {}, ...options });
  const { token, endpoint } = double;
  vi.stubEnv("HCLOUD_TOKEN", token);
  vi.stubEnv("HCLOUD_ENDPOINT", endpoint);
  const client = createClient({ token, endpoint });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await client[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  return { double, client };
}

export function authority(fence: number): Authority {
  return { fence, signal: new AbortController().signal, secret: "secret" };
}

/** Creates the server of a machine, which is only a record, and waits until it runs. */
export async function createMachineServer(
  { client }: Project,
  name: string,
  { labels = {} }: { readonly labels?: Labels } = {},
): Promise<Server> {
  const all = { ...copyLabels(TWO_MACHINES), [OWNER]: OWNER_ID };
  const [known] = await listSshKeys(client, { labels: all });
  const key = known ?? (await createSshKey(client, { key: { ...KEY, labels: all } })).resource;
  const image = await findSystemImage(client, { name: "debian-13", architecture: "x86" });
  const { resource, actions } = await createServer(client, {
    server: {
      name: `pcs-1-${name}`,
      labels: { ...all, [MACHINE]: name, ...labels },
      server_type: "cx23",
      image: image?.id ?? 0,
      location: "fsn1",
      ssh_keys: [key.id],
    },
  });
  await awaitActions(client, { actions, task: "create it", timeoutMs: 30_000 });
  return resource;
}
