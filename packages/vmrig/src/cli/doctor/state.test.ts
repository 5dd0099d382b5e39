import { randomBytes } from "node:crypto";
import { expect, onTestFinished } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { RigConfig } from "../../config/schema.ts";
import type { Finding } from "../../driver/finding.ts";
import { sharedDriver } from "../../gate/shared-driver.test.kit.ts";
import { rigOf } from "../../gate/test-gate.test.kit.ts";
import { initPgStore } from "../../provision/state/stores/pg/pg-store.ts";
import { PostgresServer } from "../../provision/state/stores/pg/postgres-server.test.kit.ts";
import { s3At, S3Server } from "../../provision/state/stores/s3/s3-server.test.kit.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { test, type TestCli } from "../test-cli.test.kit.ts";
import { examineState } from "./state.ts";

async function examine(
  { folders }: TestCli,
  state: RigConfig["state"],
  env: NodeJS.ProcessEnv = {},
): Promise<Finding> {
  const rig = rigOf({ driver: sharedDriver(folders.state), state });
  return await examineState({ rig, folders, env, clock: systemClock });
}

test("a state in Redis is stored and read; a user without permission is reported", async ({
  cli,
}) => {
  await using redis = await RedisServer.start();
  const env = { VMRIG_REDIS_URL: `unix://${redis.socketPath}` };
  // The second time with a new key.
  for (const more of [{}, { VMRIG_STATE_KEY: randomBytes(32).toString("base64") }]) {
    expect(await examine(cli, { store: "redis" }, { ...env, ...more })).toMatchObject({
      what: "state store",
      status: "ok",
      measured: expect.stringMatching(/^redis: unix:.*; stored and read 64 KiB in /) as unknown,
    });
  }
  await redis.operator.call("ACL", "SETUSER", "default", "-hset");
  expect(await examine(cli, { store: "redis" }, env)).toMatchObject({
    status: "fail",
    measured: expect.stringContaining("can't run this command") as unknown,
    fix: expect.stringContaining("allows writes") as unknown,
  });
});

test("a new key does not disturb the check", async ({ cli }) => {
  await using redis = await RedisServer.start();
  const env = { VMRIG_REDIS_URL: `unix://${redis.socketPath}` };
  expect(await examine(cli, { store: "redis" }, env)).toMatchObject({ status: "ok" });
  const VMRIG_STATE_KEY = Buffer.alloc(32, 1).toString("base64");
  expect(await examine(cli, { store: "redis" }, { ...env, VMRIG_STATE_KEY })).toMatchObject({
    status: "ok",
  });
});

test("a state in PostgreSQL needs the tables, and a role that may write", async ({ cli }) => {
  const server = await PostgresServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const url = server.urlFor("admin");
  expect(await examine(cli, { store: "pg", url })).toMatchObject({
    status: "fail",
    fix: expect.stringContaining("vmrig state init") as unknown,
  });
  await initPgStore({ url });
  expect(await examine(cli, { store: "pg", url })).toMatchObject({ status: "ok" });
});

test("a bucket is tried with concurrent writers", async ({ cli }) => {
  const server = await S3Server.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const { environment, ...address } = s3At(server.port);
  expect(await examine(cli, { store: "s3", ...address }, environment)).toMatchObject({
    status: "ok",
    measured: expect.stringContaining(`/${address.bucket}`) as unknown,
  });
});

test("a state on this computer has no store to reach, and a key that is not valid is reported", async ({
  cli,
}) => {
  const { folders } = cli;
  const rig = rigOf({});
  const local = await examineState({ rig, folders, env: {}, clock: systemClock });
  expect(local).toEqual({
    what: "state store",
    status: "ok",
    measured: "file: in the folder of each copy",
  });
  await using redis = await RedisServer.start();
  const env = { VMRIG_REDIS_URL: `unix://${redis.socketPath}`, VMRIG_STATE_KEY: "short" };
  expect(await examine(cli, { store: "redis" }, env)).toMatchObject({
    status: "fail",
    measured: expect.stringContaining("Key 1 in VMRIG_STATE_KEY has") as unknown,
  });
});
