import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installProvider } from "@vmrig/hcloud-double";
import { expect, onTestFinished, vi } from "vitest";
import { waitFor, type CopySpec } from "vmrig/driver";
import { driverTerraform, type DriverTerraform } from "vmrig/driver-terraform";
import { awaitActions } from "./api/action/await-actions.ts";
import { createSnapshot } from "./api/images.ts";
import { deleteServer } from "./api/servers.ts";
import {
  createMachineServer,
  KEY,
  startProject,
  copyOf,
  type Project,
  OPTIONS,
  SECRET,
} from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";
import type { HcloudOptions } from "./options.ts";
import type { ProvisionProcessOptions } from "./fixtures/provision-process.ts";

// Each step of Terraform starts the provider, and a run has five of them.
vi.setConfig({ testTimeout: 150_000 });

/** A team whose state is in one folder, and whose every run starts from a new home. */
export interface Team extends Project {
  readonly output: string[];
  /** Returns Terraform for a run from a new home. `machines`: those of the config, by name. */
  run(options?: Partial<HcloudOptions>, machines?: readonly string[]): DriverTerraform;
  /** Kills a run, with its Terraform, after the nth change in the cloud, before it got the reply. */
  killAfter(n: number): Promise<void>;
  /** Names of the servers in the cloud. */
  servers(): readonly string[];
}

export async function setUpTeam(): Promise<Team> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const project = await startProject();
  const { double } = project;
  const { cliConfig } = await installProvider(root);
  vi.stubEnv("TF_CLI_CONFIG_FILE", cliConfig);
  await publishRecord(project, "recipe-1");
  const stateFolder = join(root, "states");
  const output: string[] = [];
  let homes = 0;
  let fence = 0;
  const home = (machines: readonly string[] = ["pc1", "pc2"], lanPrefix?: string): CopySpec => {
    homes += 1;
    const folder = join(root, `home-${homes}`);
    return { ...copyOf(machines, lanPrefix), folder, cacheFolder: folder, runtimeFolder: folder };
  };
  return {
    ...project,
    output,
    run: (options, machines) => {
      const driver = hcloud({ ...OPTIONS, ...options });
      return driverTerraform({
        driver,
        copy: home(machines, driver.lanPrefix),
        secret: SECRET,
        stateFolder,
        fence: () => (fence += 1),
        say: (line) => output.push(line),
      });
    },
    async killAfter(n) {
      const options: ProvisionProcessOptions = {
        hcloud: OPTIONS,
        copy: home(),
        secret: SECRET,
        stateFolder,
        fence: (fence += 1),
      };
      const program = fileURLToPath(new URL("fixtures/provision-process.ts", import.meta.url));
      const gate = spawn(process.execPath, [program, JSON.stringify(options)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const ended = once(gate, "exit");
      const killed = Promise.withResolvers<void>();
      double.killAfter(n, async () => {
        const all = await descendants(gate.pid ?? 0);
        for (const pid of all) process.kill(pid, "SIGKILL");
        await waitFor({
          what: "the killed run to end",
          timeoutMs: 10_000,
          async probe() {
            const left = (await Promise.all(all.map(isAlive))).filter(Boolean);
            return left.length === 0 ? { value: undefined } : { seen: `${left.length} left` };
          },
        });
        killed.resolve();
      });
      await Promise.race([killed.promise, ended]);
      await ended;
      expect(gate.signalCode).toBe("SIGKILL");
    },
    servers: () => double.project.servers.all.map(({ name }) => name).toSorted(),
  };
}

/** Adds an image to the project, as `vmrig image publish` does. Its servers are only records. */
export async function publishRecord(project: Project, digest: string): Promise<void> {
  const { client } = project;
  const server = await createMachineServer(project, "temporary", {
    labels: { "vmrig-copy": "none", "vmrig-rig": "none" },
  });
  const { actions } = await createSnapshot(client, {
    of: server,
    description: "debian-13",
    labels: { "vmrig-image": digest, "vmrig-image-name": "debian-13" },
  });
  await awaitActions(client, { actions, task: "publish", timeoutMs: 30_000 });
  const deleted = await deleteServer(client, { of: server });
  await awaitActions(client, { actions: deleted, task: "delete", timeoutMs: 30_000 });
  const { sshKeys } = project.double.project;
  for (const key of sshKeys.all.filter(({ name }) => name === KEY.name)) sshKeys.delete(key);
}

/** Returns a process and all that descend from it. */
async function descendants(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (!Number.isNaN(parent)) parents.set(Number(name), parent);
  }
  const found = [pid];
  for (const one of found)
    for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const state = stat.slice(stat.lastIndexOf(")") + 2)[0];
  return state !== undefined && state !== "Z";
}
