import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { copySpec } from "../../config/copy-spec.ts";
import type { ResolvedRig, RigConfig } from "../../config/schema.ts";
import type { Folders } from "../../config/folders.ts";
import type { Driver } from "../../driver/driver.ts";
import type { MachineStatus } from "../../driver/inventory.ts";
import { machineFiles } from "../../driver/fake/machine-files.ts";
import { endMembers } from "../../driver/fake/members.ts";
import { person } from "../../lease/fixtures/holders.ts";
import { findLeftovers } from "../../operations/sweep/sweep.ts";
import { keysOf } from "../../lease/keys.ts";
import { initPgStore } from "../../provision/state/stores/pg/pg-store.ts";
import { PostgresServer } from "../../provision/state/stores/pg/postgres-server.test.kit.ts";
import { s3At, S3Server } from "../../provision/state/stores/s3/s3-server.test.kit.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { cloudCopy, sharedDriver } from "../shared-driver.test.kit.ts";
import { locations, on, rigOf, test, type Run, type TestGate } from "../test-gate.test.kit.ts";

/** A computer of a team: a home of its user, and the machines that all computers share. */
interface Team {
  home(name: string): Promise<Folders>;
  run(testGate: TestGate, folders: Folders, who: string): Run;
  machines(): Promise<Readonly<Record<string, MachineStatus>>>;
  readonly redis: RedisServer;
  readonly rig: ResolvedRig;
}

/** Starts the server of a store. */
const STORES: Readonly<Record<string, () => Promise<RigConfig["state"]>>> = {
  Redis: async () => undefined,
  async PostgreSQL() {
    const server = await PostgresServer.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const url = server.urlFor("admin");
    await initPgStore({ url });
    return { store: "pg", url };
  },
  async "a bucket"() {
    const server = await S3Server.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const { environment, ...address } = s3At(server.port);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    return { store: "s3", ...address };
  },
};

async function setUpTeam(
  store = "Redis",
  wrap = (driver: Driver): Driver => driver,
): Promise<Team> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const cloud = join(root, "cloud");
  const redis = await RedisServer.start();
  vi.stubEnv("VMRIG_REDIS_URL", `unix://${redis.socketPath}`);
  const state = await STORES[store]?.();
  const config = { driver: wrap(sharedDriver(cloud)), ...(state && { state }) };
  const home = async (name: string): Promise<Folders> => {
    const folders = { state: join(root, name), cache: join(root, "c"), runtime: join(root, "r") };
    for (const folder of Object.values(folders))
      await mkdir(folder, { recursive: true, mode: 0o700 });
    return folders;
  };
  const copy = cloudCopy(await copySpec(rigOf({}), 1, await home("x")), cloud);
  for (const folder of [copy.folder, copy.runtimeFolder])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  onTestFinished(async () => {
    for (const name of ["pc1", "pc2"]) await endMembers(machineFiles(copy, name));
    await redis[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });
  return {
    home,
    run: (testGate, folders, who) => testGate.run(config, { folders, who }),
    async machines() {
      const { machines } = await config.driver.inspect(copy);
      return Object.fromEntries(machines.map((machine) => [machine.name, machine]));
    },
    redis,
    rig: rigOf(config),
  };
}

async function stateFilesIn({ state }: Folders): Promise<string[]> {
  const names = await readdir(state, { recursive: true });
  return names.filter((name) => name.endsWith(".tfstate") && !name.includes("/data/"));
}

test.for(Object.keys(STORES))(
  "two computers share a rig, with its state in %s: one waits, both use the same machines, and no state is on either",
  async (store, { testGate }) => {
    const team = await setUpTeam(store);
    const [here, there] = [await team.home("alice"), await team.home("bob")];
    const alice = team.run(testGate, here, "alice");
    const first = await alice.gate.claim("file");
    await on(first, "pc1", "echo left > over");
    const created = await team.machines();
    const bob = team.run(testGate, there, "bob");
    const claim = bob.gate.claim("file");
    await waitFor({
      what: "bob to wait",
      timeoutMs: 30_000,
      probe: async () =>
        bob.logLines.some((line) => line.startsWith("wait "))
          ? { value: undefined }
          : { seen: bob.logLines.join("\n") },
    });
    await alice.gate.close();
    const second = await claim;

    expect(await on(second, "pc1", "ls")).toBe("");
    expect(bob.logLines.join("\n")).not.toContain("Terraform");
    expect(await hostKeys(team)).toEqual(hostKeysOf(created));
    expect([await stateFilesIn(here), await stateFilesIn(there)]).toEqual([[], []]);
  },
);

test("a computer that lost its home creates nothing twice, also without the record of the copy", async ({
  testGate,
}) => {
  const team = await setUpTeam();
  const here = await team.home("alice");
  const alice = team.run(testGate, here, "alice");
  await alice.gate.claim("file");
  await alice.gate.close();
  const before = await team.machines();
  await rm(here.state, { recursive: true });

  const again = team.run(testGate, await team.home("alice"), "alice");
  await again.gate.claim("file");
  await again.gate.close();
  expect(again.logLines[0]).toMatch(/^lease /);
  await rm(here.state, { recursive: true });
  await team.redis.operator.del(keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).record);
  const third = team.run(testGate, await team.home("alice"), "alice");
  await third.gate.claim("file");

  expect(third.logLines.slice(0, 2)).toEqual([
    "check    pcs-1: there is no record of it; asking Terraform",
    "plan     no changes",
  ]);
  expect(await hostKeys(team)).toEqual(hostKeysOf(before));
  expect(locations(await team.machines())).toEqual(locations(before));
});

test("machines that others use, too, are not leased in a Redis that only this user reaches", async ({
  testGate,
}) => {
  const { gate } = testGate.run({ driver: sharedDriver(testGate.folders.state) });
  await expect(gate.claim("file")).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: 'Rig "pcs" has no Redis, and others use the machines of the driver "fake", too.',
  });
});

test("sweep leaves shared machines alone, which others may use through another state", async ({
  testGate,
}) => {
  const team = await setUpTeam();
  const alice = team.run(testGate, await team.home("alice"), "alice");
  await alice.gate.claim("file");
  await alice.gate.close();
  // Another team has the same rig, in the same account, and its own Redis.
  await using redis = await RedisServer.start();
  vi.stubEnv("VMRIG_REDIS_URL", `unix://${redis.socketPath}`);
  const folders = await team.home("bob");
  const rig = team.rig;
  await copySpec(rig, 1, folders);
  const say = (): void => {};
  const signal = new AbortController().signal;
  expect(await findLeftovers({ rig, folders, holder: person("bob"), say, signal })).toEqual([]);
});

async function hostKeys(team: Team): Promise<Array<string | undefined>> {
  return hostKeysOf(await team.machines());
}

function hostKeysOf(machines: Readonly<Record<string, MachineStatus>>): Array<string | undefined> {
  return Object.values(machines).map(({ hostKey }) => hostKey);
}

test("a driver gets the same secret on all computers, and none of them stores it", async ({
  testGate,
}) => {
  const seen = new Map<string, Set<string | undefined>>();
  const note = (call: string, secret: string | undefined): void => {
    seen.set(call, (seen.get(call) ?? new Set()).add(secret));
  };
  const team = await setUpTeam("Redis", (driver) => ({
    ...driver,
    needsSecret: true,
    async declare(stack, copy, options) {
      note("declare", options.secret);
      await driver.declare(stack, copy, options);
    },
    async boot(machine, by) {
      note("boot", by.secret);
      await driver.boot(machine, by);
    },
    async restore(machine, snapshot, by) {
      note("restore", by.secret);
      await driver.restore(machine, snapshot, by);
    },
  }));
  const [here, there] = [await team.home("alice"), await team.home("bob")];
  const refused = team.run(testGate, here, "alice");
  await expect(refused.gate.claim("file")).rejects.toMatchObject({ code: "STATE_KEY_MISSING" });
  await refused.gate.close();
  vi.stubEnv("VMRIG_STATE_KEY", randomBytes(32).toString("base64"));
  for (const [home, who] of [
    [here, "alice"],
    [there, "bob"],
  ] as const) {
    const { gate } = team.run(testGate, home, who);
    await gate.claim("file");
    await gate.close();
  }
  const secrets = new Set([...seen.values()].flatMap((values) => [...values]));
  expect([...seen.keys()].toSorted()).toEqual(["boot", "declare", "restore"]);
  expect([...secrets]).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
  const [secret = ""] = secrets;
  for (const { state } of [here, there])
    for (const entry of await readdir(state, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        expect(await readFile(join(entry.parentPath, entry.name), "utf8")).not.toContain(secret);
});
