import { randomBytes } from "node:crypto";
import { describe, expect, onTestFinished } from "vitest";
import { S3Proxy } from "../../../provision/state/stores/s3/s3-server.test.kit.ts";
import { StateSession } from "../../../provision/state/state-session.ts";
import { initPgStore } from "../../../provision/state/stores/pg/pg-store.ts";
import { test, type TestCli } from "../../test-cli.test.kit.ts";
import { s3Place, startPostgres, startRedis, startS3, type Place } from "./places.test.kit.ts";
import { rigNamed, stateText, type TestRigOptions } from "./state.test.kit.ts";

const OLD = stateText({ serial: 3, resources: { pc1: {} } });
const TEXT = stateText({ serial: 4, resources: { pc1: {}, pc2: {} } });

const ALICE = { who: "alice", host: "laptop", command: "vitest run", session: "1" };

/** Starts a database with the tables of the store. */
async function readyPostgres(): Promise<Place> {
  const place = await startPostgres();
  await initPgStore({ url: place.server.urlFor("admin") });
  return place;
}

/** Returns a shared rig whose state is in the store of the options, or else in Redis. */
const elsewhere = (cli: TestCli, name: string, options: TestRigOptions) =>
  rigNamed(cli, name, { shared: true, ...options });

test.for<[kind: string, start: () => Promise<Place>]>([
  ["pg", readyPostgres],
  ["s3", startS3],
])(
  "migrate copies the newest version from redis to %s and back, and prints the line of the config",
  async ([kind, start], { cli }) => {
    const env = await startRedis();
    const place = await start();
    const all = { ...env, ...place.env, VMRIG_STATE_KEY: randomBytes(32).toString("base64") };
    const redis = await elsewhere(cli, kind, { env: all });
    await redis.store(OLD, TEXT);

    const there = await redis.state(["migrate", "--to", ...place.words]);
    expect(there.exitCode, there.stderr).toBe(0);
    expect(there.stdout).toMatch(
      new RegExp(
        `^copied   ${kind}-1: version 2 is version 1 in .*\nconfig   state: \\{ store: "${kind}", .* \\},\n$`,
      ),
    );
    expect(there.stderr).toContain("history  1 older versions stay in the old store\n");
    const moved = await elsewhere(cli, kind, { state: place.state, env: all });
    expect((await moved.state(["pull"])).stdout).toBe(TEXT);
    expect((await moved.state(["history"])).stdout).toMatch(/copied from version 2 of unix:.*\n$/);

    // Redis still has this very state: nothing is to be copied.
    const back = await moved.state(["migrate", "--to", "redis"]);
    expect(back.stdout, back.stderr).toMatch(
      /^current {2}.*-1: version 2 in unix:.* is the same\n/,
    );
    await moved.store(stateText({ serial: 5 }));
    const newer = await moved.state(["migrate", "--to", "redis"]);
    expect(newer.stdout, newer.stderr).toMatch(/^copied .*: version 2 is version 3 in unix:/);
  },
);

test("an apply that has not completed is not forgotten, and old holders are refused in both stores", async ({
  cli,
}) => {
  const env = await startRedis();
  const place = await readyPostgres();
  const redis = await elsewhere(cli, "pcs", { env });
  await redis.store(TEXT);
  await using states = await redis.open();
  const killed = await StateSession.open({
    store: states,
    copy: { rig: "pcs", copy: "pcs-1" },
    fence: Date.now() * 1000,
    by: ALICE,
  });
  await killed.begin(["pc1"]);
  const { exitCode, stderr } = await redis.state(["migrate", "--to", ...place.words]);
  expect(exitCode, stderr).toBe(0);
  const moved = await elsewhere(cli, "pcs", { state: place.state, env });
  await using target = await moved.open();
  expect(await target.read({ rig: "pcs", copy: "pcs-1" })).toMatchObject({ applying: ["pc1"] });
  await expect(killed.complete()).rejects.toMatchObject({ code: "FENCED" });
  const stale = { store: target, copy: { rig: "pcs", copy: "pcs-1" }, fence: 10, by: ALICE };
  await expect(StateSession.open(stale)).rejects.toMatchObject({ code: "FENCED" });
});

test("after a migration, the next run with the new config changes nothing", async ({ cli }) => {
  const env = await startRedis();
  const place = await readyPostgres();
  const redis = await elsewhere(cli, "moved", { env });
  const up = () => cli.start(["up", "--config", "moved.config.mjs"], { env });
  const created = await up();
  expect(created.stderr).toMatch(/^plan {5}create terraform_data\.pc1$/m);
  const { exitCode, stderr } = await redis.state(["migrate", "--to", ...place.words]);
  expect(exitCode, stderr).toBe(0);
  const moved = await elsewhere(cli, "moved", { state: place.state, env });
  const next = await up();
  expect(next.exitCode, next.stderr).toBe(0);
  expect(next.stderr).toMatch(/^plan {5}no changes$/m);
  expect((await moved.state(["list"])).stdout).toMatch(/^terraform_data\.pc1\n/);
});

test("migrate copies all copies, or the named one", async ({ cli }) => {
  const env = await startRedis();
  const place = await readyPostgres();
  const redis = await elsewhere(cli, "three", { env, copies: 3 });
  await redis.store(TEXT);
  const one = await redis.state(["migrate", "--copy", "three-2", "--to", ...place.words]);
  expect(one.stdout).toMatch(/^nothing {2}three-2: no state in unix:.*\nconfig /);
  const all = await redis.state(["migrate", "--to", ...place.words]);
  expect(all.stdout).toMatch(
    /^copied {3}three-1: .*\nnothing {2}three-2: .*\nnothing {2}three-3: /,
  );
});

describe("migrate refuses", () => {
  test.for<[title: string, other: string, words: string]>([
    [
      "a store with a newer state",
      stateText({ serial: 5, resources: { pc1: {} } }),
      "serial 4\n.*serial 5\n",
    ],
    [
      "a store with another state",
      stateText({ serial: 1, lineage: "other", resources: { pc1: {} } }),
      "serial 4\n.*lineage other, serial 1\n",
    ],
  ])("%s, and leaves it as it is", async ([, other, words], { cli }) => {
    const env = await startRedis();
    const place = await readyPostgres();
    const target = await elsewhere(cli, "kept", { state: place.state, env });
    await target.store(other);
    const redis = await elsewhere(cli, "kept", { env });
    await redis.store(TEXT);
    const { exitCode, stdout, stderr } = await redis.state(["migrate", "--to", ...place.words]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(
        `already has a different or a newer state\\. Nothing was copied\\.\n.*${words}hint`,
      ),
    );
    await using states = await target.open();
    expect(await states.read({ rig: "kept", copy: "kept-1" })).toMatchObject({
      version: 1,
      text: other,
    });
  });

  test("an S3 server that lets two writers win", async ({ cli }) => {
    const { server, env } = await startS3();
    const proxy = await S3Proxy.before(server.port, { unconditional: true });
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const redis = await elsewhere(cli, "racy", { env: { ...env, ...(await startRedis()) } });
    await redis.store(TEXT);
    const words = s3Place(proxy.port).words;
    const { exitCode, stderr } = await redis.state(["migrate", "--to", ...words]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^Of 20 concurrent writers \d+ won in /);
  });

  test("a database without the tables, and says how to create them", async ({ cli }) => {
    const { words } = await startPostgres();
    const redis = await elsewhere(cli, "bare", { env: await startRedis() });
    await redis.store(TEXT);
    const { exitCode, stderr } = await redis.state(["migrate", "--to", ...words]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/hint: create its tables: `vmrig state init /);
  });

  test.for<[title: string, shared: boolean, words: readonly string[], message: string]>([
    ["a store on this computer for shared machines", true, ["--to", "file"], 'store "file"'],
    ["a shared store for machines on this computer", false, ["--to", "redis"], 'store "redis"'],
    ["the store of the config", true, ["--to", "redis"], "names this store already"],
    ["neither --to nor --from", true, [], "needs either --to or --from"],
    ["both", true, ["--to", "file", "--from", "local:x"], "needs either --to or --from"],
  ])("%s", async ([title, shared, words, message], { cli }) => {
    const env = { VMRIG_REDIS_URL: "redis://127.0.0.1:1" };
    const name = title.startsWith("a shared") ? "here" : "shared";
    const rig = await rigNamed(cli, name, { ...(shared && { shared }), env });
    const { exitCode, stderr } = await rig.state(["migrate", ...words]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
