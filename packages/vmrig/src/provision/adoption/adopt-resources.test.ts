import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { Child } from "../../lease/fixtures/child.ts";
import { person } from "../../lease/fixtures/holders.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { destroy } from "../destroy.ts";
import { readEngineRecord } from "../earlier-run/engine-record.ts";
import { machine } from "../file-driver.test.kit.ts";
import { cloudDriver, HALF } from "../fixtures/cloud/cloud-driver.ts";
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

const LAN = "cloud_network.lan";
const [PC1, PC2] = ["cloud_server.pc1", "cloud_server.pc2"] as const;

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A copy with a network and two servers in the test cloud, and a state that others reach. */
interface Team {
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

async function setUpTeam(): Promise<Team> {
  const [root, store] = [await tempFolder(), await tempFolder()];
  const cloud = await CloudServer.start();
  onTestFinished(() => cloud[Symbol.asyncDispose]());
  const { TF_CLI_CONFIG_FILE } = await installProvider(root);
  vi.stubEnv("TF_CLI_CONFIG_FILE", TF_CLI_CONFIG_FILE);
  vi.stubEnv("CLOUD_TOKEN", TOKEN);
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
async function expectWhole(team: Team): Promise<void> {
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

test.for([
  [1, "the network"],
  [2, "the network and a server"],
  [3, "everything"],
] as const)(
  "a first run is killed after %d calls: the next one, elsewhere, adopts %s, and nothing exists twice",
  async ([calls]) => {
    const team = await setUpTeam();
    await team.killAfter(calls);
    const before = [...team.cloud.networks, ...team.cloud.servers];
    expect(before).toHaveLength(calls);

    const { adopted, created } = await team.provision();

    expect([adopted.length, created.length]).toEqual([calls, 3 - calls]);
    expect([...team.cloud.networks, ...team.cloud.servers]).toEqual(expect.arrayContaining(before));
    await expectWhole(team);
  },
);

test.for([
  [1, "deleted the old server"],
  [2, "created the new server"],
] as const)(
  "an allowed replacement is killed after it %i: the next run completes it without asking",
  async ([calls]) => {
    const team = await setUpTeam();
    await team.provision();
    team.copy = { ...team.copy, machines: [machine("pc1", 1024), machine("pc2")] };
    const kept = team.cloud.servers.find(({ name }) => name === "pcs-1-pc2");
    await team.killAfter(calls, [PC1]);

    expect(await team.provision()).toMatchObject(
      calls === 1 ? { created: [PC1] } : { adopted: [PC1], created: [] },
    );

    expect(team.cloud.servers.find(({ name }) => name === "pcs-1-pc1")?.size).toBe("1024 MB");
    expect(team.cloud.servers).toContainEqual(kept);
    await expectWhole(team);
  },
);

test("a server of another owner stops the run, and both owners are named", async () => {
  const team = await setUpTeam();
  const { stamp } = await team.provision();
  const other = { ...team, states: fileStore({ folder: await tempFolder() }) };
  const before = team.cloud.calls.length;

  const error = await provision(team.options({ states: other.states })).catch(
    (thrown: unknown) => thrown,
  );

  expect(error).toMatchObject({
    code: "STATE_LOST",
    details: expect.arrayContaining([
      expect.stringMatching(
        `^${PC1}, server \\d+ "pcs-1-pc1": it belongs to the state of ${stamp.owner}`,
      ),
    ]) as unknown,
  });
  expect(changesSince(team, before)).toEqual([]);
});

test("a server whose creation was not finished is deleted, and created again", async () => {
  const team = await setUpTeam();
  const { stamp } = await team.provision();
  team.copy = { ...team.copy, machines: [...team.copy.machines, machine("pc3")] };
  const [network] = team.cloud.networks;
  const half = await post(team, "servers", {
    name: "pcs-1-pc3",
    size: "512 MB",
    note: HALF,
    network: network?.id,
    labels: { ...network?.labels, "vmrig-machine": "pc3" },
  });

  expect(await team.provision()).toMatchObject({ created: ["cloud_server.pc3"], adopted: [] });

  expect(team.output).toContain(
    `remove: cloud_server.pc3, server ${half} "pcs-1-pc3" (its creation was interrupted)`,
  );
  const pc3 = team.cloud.servers.find(({ name }) => name === "pcs-1-pc3");
  expect(pc3?.labels["vmrig-owner"]).toBe(stamp.owner);
  expect(pc3?.id).toBeGreaterThan(half);
});

test("a complete server that the config does not have stops the run, until a person allows its removal", async () => {
  const team = await setUpTeam();
  await team.provision();
  const [network] = team.cloud.networks;
  const labels = { ...network?.labels, "vmrig-machine": "pc3" };
  const body = { name: "pcs-1-pc3", size: "512 MB", network: network?.id, labels };
  await post(team, "servers", body);

  await expect(team.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    hint: "return to the config that describes them; or delete them: `vmrig up --allow cloud_server.pc3`",
  });
  expect(team.cloud.servers).toHaveLength(3);
  await team.provision({ allow: new Set(["cloud_server.pc3"]) });
  await expectWhole(team);
});

test("a server that was deleted by hand is created again only with permission", async () => {
  const team = await setUpTeam();
  await team.provision();
  const pc2 = team.cloud.servers.find(({ name }) => name === "pcs-1-pc2");
  await remove(team, `servers/${pc2?.id}`);

  await expect(team.provision()).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    details: [expect.stringContaining(`${PC2} was deleted outside vmrig`)],
  });
  expect(await team.provision({ allow: new Set([PC2]) })).toMatchObject({ created: [PC2] });
  await expectWhole(team);
});

test.for([
  ["with its state", false],
  ["although its state is lost", true],
] as const)("a copy is destroyed %s, with what a killed run left", async ([, lost]) => {
  const team = await setUpTeam();
  await team.killAfter(2);
  const states = lost ? fileStore({ folder: await tempFolder() }) : team.states;

  const owner = team.cloud.networks[0]?.labels["vmrig-owner"] ?? "";
  const confirmed = { ...team.options({ states }), confirm: "pcs" };
  const { destroyed } = await destroy({ ...confirmed, ...(lost && { owner }) });

  expect(destroyed.toSorted()).toEqual([LAN, team.output.some((l) => l.includes(PC1)) ? PC1 : PC2]);
  expect([team.cloud.networks, team.cloud.servers]).toEqual([[], []]);
});

function changesSince({ cloud }: Team, from: number): readonly string[] {
  return cloud.calls
    .slice(from)
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path}`);
}

async function post({ cloud }: Team, kind: string, body: object): Promise<number> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`${cloud.endpoint}/${kind}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  const reply = (await response.json()) as Record<string, { readonly id: number }>;
  return Object.values(reply)[0]?.id ?? 0;
}

async function remove({ cloud }: Team, path: string): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  await fetch(`${cloud.endpoint}/${path}`, { method: "DELETE", headers });
}
