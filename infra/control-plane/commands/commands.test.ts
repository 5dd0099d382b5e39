import { readdir, readFile, writeFile } from "node:fs/promises";
import { HcloudDouble } from "@vmrig/hcloud-double";
import { execa } from "execa";
import { expect, onTestFinished, test, vi } from "vitest";
import { tempFolder } from "../../../packages/vmrig/src/local-files/temp-folder.test.kit.ts";
import { findTerraform } from "../../../packages/vmrig/src/provision/terraform-binary.ts";
import { terraformEnvironment } from "../../../packages/vmrig/src/provision/terraform-environment.ts";
import { openFolder, type ControlFiles } from "../folder.ts";
import { PROVIDER } from "../stack/declare.ts";
import { checkChanges, describeChanges } from "../terraform/check.ts";
import { openContext, type Call } from "./context.ts";
import { destroy } from "./destroy.ts";
import { plan } from "./plan.ts";
import { CloudWithVolumes } from "./volumes.test.kit.ts";

// Real Terraform with the real provider, on a computer that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const CONFIG = {
  location: "fsn1",
  serverType: "cx23",
  allow: { ssh: ["203.0.113.7/32"], redis: ["203.0.113.0/24"] },
};

interface Operator {
  readonly cloud: CloudWithVolumes;
  readonly double: HcloudDouble;
  readonly files: ControlFiles;
  readonly call: Call;
  /** Lines that a command printed since the last look. */
  readonly printed: () => string[];
}

async function operator(): Promise<Operator> {
  const double = await HcloudDouble.start({ actionDelay: async () => {} });
  const cloud = await CloudWithVolumes.before(double);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await cloud[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  // The provider wants a token of this length.
  const token = "t".repeat(64);
  double.tokens.set(token, "read-write");
  vi.stubEnv("HCLOUD_TOKEN", token);
  vi.stubEnv("HCLOUD_ENDPOINT", cloud.endpoint);
  vi.stubEnv("VMRIG_HOME", await tempFolder());
  const files = await openFolder();
  const lines: string[] = [];
  const call: Call = {
    files,
    signal: new AbortController().signal,
    say: (line) => void lines.push(line),
    print: (line) => void lines.push(line),
  };
  await configure(files, {});
  return { cloud, double, files, call, printed: () => lines.splice(0) };
}

async function configure(files: ControlFiles, changes: object): Promise<void> {
  await writeFile(files.config, JSON.stringify({ ...CONFIG, ...changes }));
}

/**
 * Whether Terraform gets the provider on this computer: from a mirror of the user's
 * `TF_CLI_CONFIG_FILE`, or from the registry. No stand-in has volumes.
 */
async function hasProvider(call: Call): Promise<boolean> {
  const { terraform } = await openContext(call);
  const { path } = await findTerraform();
  const env = terraformEnvironment(terraform);
  const init = await execa(path, ["init", "-no-color", "-input=false"], {
    cwd: terraform.stack,
    env,
    extendEnv: false,
    reject: false,
  });
  if (init.failed) console.warn(`infra    no ${PROVIDER.source} here, so nothing is applied`);
  return !init.failed;
}

/** What `apply` does before it logs in. */
async function applyStack(call: Call, allow: readonly string[] = []): Promise<readonly string[]> {
  const { engine } = await openContext(call);
  await using saved = await engine.plan();
  const changes = checkChanges(saved.plan, new Set(allow));
  if (saved.changed) await saved.apply();
  return describeChanges(changes);
}

test("a team's control plane is created once, changed in place, replaced when allowed, and destroyed when named", async () => {
  const { cloud, double, files, call, printed } = await operator();
  const servers = () => double.project.servers.all;
  const ips = () => double.project.primaryIps.all;

  if (!(await hasProvider(call))) {
    await expect(applyStack(call)).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
    expect(double.calls).toEqual([]);
    return;
  }

  // 1. Everything is created, and a second plan is empty.
  expect(await applyStack(call)).toEqual([
    "create   hcloud_firewall.redis",
    "create   hcloud_primary_ip.address",
    "create   hcloud_server.control",
    "create   hcloud_ssh_key.operator",
    "create   hcloud_volume.data",
    "create   hcloud_volume_attachment.data",
  ]);
  const [server] = servers();
  const [ip] = ips();
  const [volume] = cloud.volumes.values();
  expect(server).toMatchObject({ name: "vmrig-control", status: "running" });
  expect(server?.backupWindow).not.toBeNull();
  expect(volume).toMatchObject({ server: server?.id, isProtected: true });
  expect(ip).toMatchObject({ server: server?.id, isProtected: true });
  expect(server?.userData).toContain(
    `ADDRESS=${ip?.ip}\\nDEVICE=/dev/disk/by-id/scsi-0HC_Volume_${volume?.id}\\n`,
  );
  await plan(call, new Set());
  expect(printed()).toEqual(["no changes"]);

  // 2. A network more is a change in place.
  await configure(files, { allow: { ...CONFIG.allow, redis: ["203.0.113.0/24", "192.0.2.0/24"] } });
  expect(await applyStack(call)).toEqual(["update   hcloud_firewall.redis"]);

  // 3. Another prefix needs another server, which keeps address and volume.
  await configure(files, { prefix: "team-a" });
  await expect(applyStack(call)).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    details: expect.arrayContaining([
      "hcloud_server.control would be replaced, because of user_data",
    ]),
  });
  expect(servers()).toEqual([server]);
  const allowed = ["hcloud_server.control", "hcloud_volume_attachment.data"];
  await applyStack(call, allowed);
  expect(servers()).toHaveLength(1);
  expect(servers()[0]?.id).not.toBe(server?.id);
  expect(servers()[0]?.userData).toContain("PREFIX=team-a");
  expect(ips()).toEqual([expect.objectContaining({ id: ip?.id, server: servers()[0]?.id })]);
  expect([...cloud.volumes.keys()]).toEqual([volume?.id]);

  // 4. Nothing secret stays in a file besides the keys.
  const terraform = `${files.folder}/terraform`;
  expect((await readdir(terraform)).filter((name) => name.startsWith("plan-"))).toEqual([]);
  expect(await readFile(`${terraform}/terraform.tfstate`, "utf8")).not.toContain("PRIVATE KEY");

  // 5. It is destroyed only by its name.
  await expect(destroy(call, undefined)).rejects.toMatchObject({ code: "CONFIRMATION_MISSING" });
  await expect(destroy(call, "vmrig")).rejects.toMatchObject({ code: "CONFIRMATION_MISSING" });
  expect(servers()).toHaveLength(1);
  await destroy(call, "vmrig-control");
  expect([servers(), ips(), [...cloud.volumes.values()]]).toEqual([[], [], []]);
  expect(double.project.firewalls.all).toEqual([]);
  expect(double.project.sshKeys.all).toEqual([]);
});
