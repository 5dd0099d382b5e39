import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import { Child } from "../../lease/fixtures/child.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { RedisServers } from "../../redis/fixtures/redis-servers.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { ApplyProcessOptions } from "./fixtures/apply-process.ts";
import { openSession } from "./fixtures/backend.test.kit.ts";
import { initEngine, resource } from "./fixtures/engine.test.kit.ts";
import { serveStateBackend } from "./http-backend.ts";
import { openStateStore } from "./open-state-store.ts";
import type { StateOptions } from "./state-options.ts";
import type { StateStore } from "./state-store.ts";
import { initPgStore } from "./stores/pg/pg-store.ts";
import { PostgresServer } from "./stores/pg/postgres-server.test.kit.ts";
import { s3At, S3Server } from "./stores/s3/s3-server.test.kit.ts";

// Terraform on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 150_000 });

const PCS_1 = { rig: "pcs", copy: "pcs-1" };
const BOB = { who: "bob", host: "ci", command: "vitest run", session: "two" };

interface Place {
  readonly state: StateOptions;
  readonly stateFolder: string;
  readonly redis: ApplyProcessOptions["redis"];
}

/** Starts the servers of a store. */
const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  file: async () => ({ state: { store: "file" }, stateFolder: await tempFolder(), redis: [] }),
  "one Redis": () => onRedis(1),
  "three Redis servers": () => onRedis(3),
  async S3() {
    const server = await S3Server.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const { environment, ...address } = s3At(server.port);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    return { state: { store: "s3", ...address }, stateFolder: "", redis: [] };
  },
  async PostgreSQL() {
    const server = await PostgresServer.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const url = server.urlFor("admin");
    await initPgStore({ url });
    return { state: { store: "pg", url }, stateFolder: "", redis: [] };
  },
};

async function onRedis(count: number): Promise<Place> {
  const servers = await RedisServers.start(count);
  onTestFinished(() => servers[Symbol.asyncDispose]());
  const redis = servers.all.map(({ socketPath }) => ({ socketPath }));
  return { state: { store: "redis" }, stateFolder: "", redis };
}

async function openAt(place: Place): Promise<StateStore> {
  const { state, stateFolder, redis } = place;
  const context = { folder: stateFolder, redis, namespace: "vmrig", clock: systemClock };
  const store = await openStateStore(state, context);
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

function startApply(options: ApplyProcessOptions): Child {
  const fixture = new URL("./fixtures/apply-process.ts", import.meta.url).href;
  const child = new Child(fixture, [JSON.stringify(options)]);
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child;
}

async function contentOf(path: string): Promise<string> {
  return await waitFor({
    what: `content of ${path}`,
    timeoutMs: 60_000,
    probe: async () => {
      const text = await readFile(path, "utf8").catch(() => "");
      return text.endsWith("\n") ? { value: text.trim() } : { seen: "nothing" };
    },
  });
}

test.each(Object.keys(PLACES))(
  "with %s, a holder that was stopped past a takeover cannot overwrite the newer state",
  async (kind) => {
    const place = await (PLACES[kind] as () => Promise<Place>)();
    const store = await openAt(place);
    const [folder, other] = [await tempFolder(), await tempFolder()];
    // $PPID of the step is Terraform.
    const hold = "echo $PPID > terraform.pid; until [ -e go ]; do sleep 0.05; done";
    const resources = resource("of_alice", hold);
    const alice = startApply({ ...place, folder, resources, fence: 10, parallelism: 2 });
    const terraform = Number(await contentOf(join(folder, "terraform.pid")));
    onTestFinished(() => tryKill(terraform));

    // 1. Alice is stopped with her engine. Bob takes over and provisions.
    alice.signal("SIGSTOP");
    process.kill(terraform, "SIGSTOP");
    const onRefused = vi.fn();
    const session = await openSession({ store, copy: PCS_1, fence: 11, by: BOB });
    await using backend = await serveStateBackend({ session, onRefused });
    const engine = await initEngine({ folder: other, resources: resource("of_bob"), backend });
    const applied = await engine.run("apply", "-auto-approve", "-no-color");
    expect(applied).toMatchObject({ exitCode: 0 });

    // 2. Alice continues.
    await writeFile(join(folder, "go"), "");
    process.kill(terraform, "SIGCONT");
    alice.signal("SIGCONT");
    expect(await alice.says("refused")).toEqual({ refused: "FENCED" });
    expect(await alice.says("ended")).toEqual({ ended: "FENCED" });
    expect(await alice.ended()).toBe(0);

    // 3. Bob's state is intact, and Alice's is in the file that Terraform leaves.
    const state = await store.read(PCS_1);
    expect(state).toMatchObject({ version: session.version, fence: 11, by: { who: "bob" } });
    expect(state?.text).toContain("of_bob");
    expect(state?.text).not.toContain("of_alice");
    expect(await readFile(join(folder, "errored.tfstate"), "utf8")).toContain("of_alice");
    expect((await stat(join(folder, "errored.tfstate"))).mode & 0o077).toBe(0);
    expect(onRefused).not.toHaveBeenCalled();
    expect((await engine.run("plan", "-detailed-exitcode", "-no-color")).exitCode).toBe(0);
  },
);

test("an engine whose state is refused is stopped, although independent resources are left", async () => {
  const place = await (PLACES["one Redis"] as () => Promise<Place>)();
  const store = await openAt(place);
  const folder = await tempFolder();
  // Terraform writes the state 20 s after the first resource at the earliest.
  const count = 40;
  const resources = Array.from({ length: count }, (_, i) =>
    resource(`r${i}`, `echo ${i} >> ran; sleep 1`),
  ).join("");
  const alice = startApply({ ...place, folder, resources, fence: 10, parallelism: 1 });
  await contentOf(join(folder, "ran"));
  expect(await store.claim(PCS_1, 11)).toMatchObject({ outcome: "claimed" });
  expect(await alice.says("ended")).toEqual({ ended: "FENCED" });
  const ran = (await contentOf(join(folder, "ran"))).split("\n").length;
  expect(ran).toBeLessThan(count);
  expect((await store.read(PCS_1))?.version).toBe(1);
  expect(await readFile(join(folder, "errored.tfstate"), "utf8")).toContain("r");
});

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
