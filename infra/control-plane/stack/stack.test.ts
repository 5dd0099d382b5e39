import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { tempFolder } from "../../../packages/vmrig/src/local-files/temp-folder.test.kit.ts";
import { openStateFolder } from "../../../packages/vmrig/src/provision/state-folder.ts";
import type { StateFiles } from "../../../packages/vmrig/src/provision/state-files.ts";
import { findTerraform } from "../../../packages/vmrig/src/provision/terraform-binary.ts";
import { generateKeyPair } from "../../../packages/vmrig/src/ssh/keys.ts";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import { userData } from "../server/user-data.ts";
import { LATER } from "./declare.ts";
import { synthesize, synthesizeUnprotected } from "./synthesize.ts";

const CONFIG: Config = {
  name: "vmrig-control",
  location: "fsn1",
  serverType: "cx23",
  volumeGb: 10,
  prefix: "team-a",
  allow: { ssh: ["203.0.113.7/32"], redis: ["203.0.113.0/24", "2001:db8::/32"] },
};
const KEYS: Keys = { control: generateKeyPair(), firstHost: generateKeyPair() };

type Attributes = Readonly<Record<string, unknown>>;
interface StackJson {
  readonly resource: Readonly<Record<string, Readonly<Record<string, Attributes>>>>;
  readonly terraform: unknown;
  readonly provider: unknown;
}

async function folder(): Promise<StateFiles> {
  return await openStateFolder({ folder: await tempFolder(), copy: "control" });
}

async function written(files: StateFiles): Promise<StackJson> {
  return JSON.parse(await readFile(join(files.stack, "cdk.tf.json"), "utf8")) as StackJson;
}

async function stack(): Promise<StackJson> {
  const files = await folder();
  await synthesize({ files, config: CONFIG, keys: KEYS });
  return await written(files);
}

test("the address and the volume outlive the server, and the cloud refuses to delete them", async () => {
  const { resource } = await stack();
  expect(resource["hcloud_primary_ip"]?.["address"]).toMatchObject({
    delete_protection: true,
    auto_delete: false,
  });
  expect(resource["hcloud_volume"]?.["data"]).toMatchObject({ delete_protection: true, size: 10 });
  expect(resource["hcloud_volume"]?.["data"]).not.toHaveProperty("format");
  expect(resource["hcloud_server"]?.["control"]).toMatchObject({
    backups: true,
    public_net: [{ ipv4: "${hcloud_primary_ip.address.id}", ipv6_enabled: false }],
  });
});

test("only the named networks reach SSH and Redis, and nothing reaches another port", async () => {
  const { resource } = await stack();
  const rules = resource["hcloud_firewall"]?.["redis"]?.["rule"] as readonly Attributes[];
  expect(rules.map(({ port, source_ips: from }) => [port, from])).toEqual([
    ["22", CONFIG.allow.ssh],
    ["6379", CONFIG.allow.redis],
  ]);
  expect(resource["hcloud_server"]?.["control"]).toMatchObject({
    firewall_ids: ["${hcloud_firewall.redis.id}"],
  });
});

test("the state is a file of the private folder, and the provider is pinned", async () => {
  const files = await folder();
  await synthesize({ files, config: CONFIG, keys: KEYS });
  expect((await written(files)).terraform).toEqual({
    backend: { local: { path: files.native } },
    required_providers: { hcloud: { source: "hetznercloud/hcloud", version: "1.68.0" } },
  });
  expect(files.native.startsWith(files.folder)).toBe(true);
});

test("the only secret in the stack is the host key of the first boot", async () => {
  const { resource } = await stack();
  const text = JSON.stringify(resource);
  expect(text).not.toContain(KEYS.control.privateKey.split("\n")[2]);
  expect(text.match(/BEGIN [A-Z ]*PRIVATE KEY/g)).toHaveLength(1);
  expect(text).not.toMatch(/token/i);
});

test("every attribute exists in the provider, and none that it requires is missing", async () => {
  const { resource } = await stack();
  const recorded = JSON.parse(
    await readFile(new URL("fixtures/hcloud-1.68.0.json", import.meta.url), "utf8"),
  ) as Record<string, Schema>;
  expect(Object.keys(resource).toSorted()).toEqual(Object.keys(recorded).toSorted());
  const faults = Object.entries(resource).flatMap(([type, named]) =>
    Object.values(named).flatMap((attributes) => compare(type, attributes, recorded[type] ?? {})),
  );
  expect(faults).toEqual([]);
});

type Schema = { readonly [name: string]: "required" | "optional" | Schema };

function compare(where: string, attributes: Attributes, schema: Schema): string[] {
  const names = Object.keys(attributes).filter((name) => name !== "//");
  const unknown = names.filter((name) => !(name in schema)).map((name) => `${where}.${name}`);
  const missing = Object.entries(schema)
    .filter(([name, kind]) => kind === "required" && !names.includes(name))
    .map(([name]) => `${where}.${name} is missing`);
  const blocks = Object.entries(schema).flatMap(([name, kind]) =>
    typeof kind === "object" && Array.isArray(attributes[name])
      ? attributes[name].flatMap((block: Attributes) => compare(`${where}.${name}`, block, kind))
      : [],
  );
  return [...unknown, ...missing, ...blocks];
}

test("Terraform reads the user data as it was written, with the address and the device in it", async () => {
  const { resource } = await stack();
  const template = String(resource["hcloud_server"]?.["control"]?.["user_data"]);
  const cwd = await tempFolder();
  const stackOfTest = {
    locals: {
      text: template
        .replaceAll("${hcloud_primary_ip.address.ip_address}", "${var.address}")
        .replaceAll("${hcloud_volume.data.linux_device}", "${var.device}"),
    },
    variable: { address: { default: "192.0.2.7" }, device: { default: "/dev/x" } },
    output: { text: { value: "${local.text}" } },
  };
  await execa("tee", ["main.tf.json"], { cwd, input: JSON.stringify(stackOfTest) });
  const { path } = await findTerraform();
  await execa(path, ["apply", "-auto-approve", "-input=false"], { cwd });
  const { stdout } = await execa(path, ["output", "-raw", "text"], {
    cwd,
    stripFinalNewline: false,
  });
  const expected = await userData({
    settings: { address: "192.0.2.7", device: "/dev/x", prefix: "team-a" },
    hostKey: KEYS.firstHost,
    controlKey: KEYS.control.publicKey,
  });
  expect(stdout).toBe(expected);
  expect(stdout).not.toMatch(new RegExp(Object.values(LATER).join("|")));
});

test("the user data fits into what the cloud accepts, with room for changes", async () => {
  const { resource } = await stack();
  const template = String(resource["hcloud_server"]?.["control"]?.["user_data"]);
  expect(Buffer.byteLength(template)).toBeLessThan(28 << 10);
});

test("before it is destroyed, the stack has no server, and the cloud lets go of the rest", async () => {
  const files = await folder();
  await synthesize({ files, config: CONFIG, keys: KEYS });
  await synthesizeUnprotected({ files, config: CONFIG });
  const { resource } = await written(files);
  expect(Object.keys(resource)).toEqual(["hcloud_primary_ip", "hcloud_volume"]);
  for (const named of Object.values(resource))
    expect(Object.values(named)).toEqual([expect.objectContaining({ delete_protection: false })]);
});
