import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { Child } from "../../lease/fixtures/child.ts";
import { person } from "../../lease/fixtures/holders.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { readEngineRecord } from "../earlier-run/engine-record.ts";
import { machine } from "../file-driver.test.kit.ts";
import { cloudDriver } from "../fixtures/cloud/cloud-driver.ts";
import { CloudServer } from "../fixtures/cloud/cloud-server.ts";
import { installProvider } from "../fixtures/cloud/cloud.test.kit.ts";
import type { ProvisionProcessOptions } from "../fixtures/cloud/provision-process.ts";
import { TOKEN } from "../fixtures/cloud/resources.ts";
import { provision, type Provisioned, type ProvisionOptions } from "../provision.ts";
import { stateFiles } from "../state-files.ts";
import { readState } from "../state.ts";
import type { StateStore } from "../state/state-store.ts";
import { fileStore } from "../state/stores/file/file-store.ts";
import { heldGuard } from "../test-rig.test.kit.ts";

// Each step of Terraform starts the provider several times.
vi.setConfig({ testTimeout: 150_000 });

/** A copy with a network and two servers in the test cloud, and a state that others reach. */
export interface Team {
  readonly cloud: CloudServer;
  readonly states: StateStore;
  readonly output: string[];
  copy: CopySpec;
  fence: number;
  /** Runs from a new home each time, as another computer would. */
  provision(more?: Partial<ProvisionOptions>): Promise<Provisioned>;
  options(more?: Partial<ProvisionOptions>): ProvisionOptions;
  /** Kills the engine and the gate after the nth change in the cloud, before its reply is sent. */
  killAfter(n: number, allow?: readonly string[]): Promise<void>;
}

export async function setUpTeam(): Promise<Team> {
  const [root, store] = [await tempFolder(), await tempFolder()];
  const cloud = await CloudServer.start();
  onTestFinished(() => cloud[Symbol.asyncDispose]());
  const { TF_CLI_CONFIG_FILE } = await installProvider(root);
  vi.stubEnv("TF_CLI_CONFIG_FILE", TF_CLI_CONFIG_FILE);
  vi.stubEnv("CLOUD_TOKEN", TOKEN);
  onTestFinished(() => void vi.unstubAllEnvs());
  const driver = cloudDriver(cloud.endpoint);
  let homes = 0;
  const home = (): CopySpec => {
    homes += 1;
    const folder = join(root, `home-${homes}`);
    return { ...team.copy, folder, cacheFolder: folder, runtimeFolder: folder };
  };
  const team: Team = {
    cloud,
    states: fileStore({ folder: store }),
    output: [],
    copy: {
      rig: "pcs",
      copy: "pcs-1",
      folder: root,
      cacheFolder: root,
      runtimeFolder: root,
      machines: [machine("pc1"), machine("pc2")],
    },
    fence: 10,
    options: (more) => ({
      driver,
      copy: home(),
      fingerprint: { image: "debian-13", platform: "cloud" },
      guard: { ...heldGuard(), fence: ++team.fence },
      states: team.states,
      by: person("bob"),
      say: (line) => team.output.push(line),
      ...more,
    }),
    provision: (more) => provision(team.options(more)),
    async killAfter(n, allow = []) {
      const copy = home();
      const options: ProvisionProcessOptions = {
        endpoint: cloud.endpoint,
        copy,
        store,
        fence: ++team.fence,
        allow,
      };
      const fixture = new URL("../fixtures/cloud/provision-process.ts", import.meta.url).href;
      const gate = new Child(fixture, [JSON.stringify(options)]);
      onTestFinished(() => gate[Symbol.asyncDispose]());
      const killed = Promise.withResolvers<void>();
      cloud.killAfter(n, async () => {
        const record = await readEngineRecord(stateFiles(copy));
        process.kill(-(record?.engine.pid ?? 0), "SIGKILL");
        gate.signal("SIGKILL");
        await gate.ended();
        killed.resolve();
      });
      await Promise.race([killed.promise, gate.ended()]);
      expect(gate.said).toEqual([]);
    },
  };
  return team;
}

/** Checks that each resource exists once, is in the state, and that a plan has no changes. */
export async function expectWhole(team: Team): Promise<void> {
  const { networks, servers } = team.cloud;
  expect(networks.map(({ name }) => name)).toEqual(["pcs-1-lan"]);
  expect(servers.map(({ name }) => name).toSorted()).toEqual(["pcs-1-pc1", "pcs-1-pc2"]);
  const { state, applying } = await readState(team.states, team.copy);
  const ids = state?.resources.filter(({ address }) => address.startsWith("cloud_"));
  expect(ids?.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(
    [...networks, ...servers].map(({ id }) => id),
  );
  expect(applying).toEqual([]);
  expect(await team.provision()).toMatchObject({
    created: [],
    adopted: [],
    updated: [],
    replaced: [],
    deleted: [],
  });
}

/** Returns the calls that changed something since. */
export function changesSince({ cloud }: Pick<Team, "cloud">, from: number): readonly string[] {
  return cloud.calls
    .slice(from)
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path}`);
}

/** Creates a resource by hand, and returns its id. */
export async function post({ cloud }: Team, kind: string, body: object): Promise<number> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`${cloud.endpoint}/${kind}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  const reply = (await response.json()) as Record<string, { readonly id: number }>;
  return Object.values(reply)[0]?.id ?? 0;
}

/** Deletes a resource by hand. */
export async function remove({ cloud }: Team, path: string): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  await fetch(`${cloud.endpoint}/${path}`, { method: "DELETE", headers });
}
