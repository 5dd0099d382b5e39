import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { connect } from "./connection.ts";
import { BadNetwork } from "./fixtures/bad-network.ts";
import { aborted, person } from "./fixtures/people.ts";
import { RedisServer } from "./fixtures/redis-server.ts";
import { keysOf } from "./keys.ts";
import { openLeaseStore } from "./lease-store.ts";
import { VIEW } from "./lease-view.ts";
import { READ_RECORD } from "./record.ts";
import { PCS, PCS_1 } from "./fixtures/rigs.ts";

// Real processes on a computer that may be busy: what is waited for has deadlines of its own.
vi.setConfig({ testTimeout: 60_000 });

const QUICK = { commandTimeoutMs: 300 };
const { record } = keysOf("vmrig", PCS_1);

async function failure(outcome: Promise<unknown>): Promise<VmrigError> {
  const error = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VmrigError);
  return error as VmrigError;
}

test("a port where nobody listens fails at once, with the address but without the password", async () => {
  const port = await freePort();
  const error = await failure(connect({ url: `redis://alice:hunter2@127.0.0.1:${port}/3` }, QUICK));
  expect(error).toMatchObject({ code: "REDIS_UNREACHABLE", hint: expect.stringContaining("VMRIG_REDIS_URL") });
  expect(error.message).toMatch(
    new RegExp(`^Redis at redis://127\\.0\\.0\\.1:${port}/3 did not let us in within \\d\\.\\d s: .*ECONNREFUSED`),
  );
  expect(JSON.stringify(error)).not.toContain("hunter2");
});

test("a socket that does not exist fails at once", async () => {
  const socketPath = join(tmpdir(), "vmrig-test-nobody.sock");
  expect((await failure(connect({ socketPath }, QUICK))).message).toContain(`unix:${socketPath} did not let us in`);
});

test("a server that takes connections and never answers fails too", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  network.blackHole();
  expect(await failure(connect({ url: network.url }, QUICK))).toMatchObject({
    code: "REDIS_UNREACHABLE",
    message: expect.stringContaining("timed out"),
  });
});

test("wrong and missing credentials show on opening, a right password opens", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const at = (login: string) => network.url.replace("//", `//${login}`);
  await server.operator.call("ACL", "SETUSER", "default", "resetpass", ">right");
  expect((await failure(connect({ url: at(":wrong@") }, QUICK))).message).toContain("WRONGPASS");
  expect((await failure(connect({ url: network.url }, QUICK))).message).toContain("NOAUTH");
  (await connect({ url: at(":right@") }, QUICK)).close();
});

test("the permissions that the documentation names are enough", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const rules =
    "on >right resetkeys ~vmrig:* resetchannels &vmrig:* -@all +eval +evalsha +subscribe +info +ping +hello +get +set +del +exists " +
    "+pexpire +pttl +time +publish +hset +hget +hmget +hexists +hdel +zadd +zrem +zscore +zrank +zcard +zrange +zrangebyscore +zrevrangebyscore";
  await server.operator.call("ACL", "SETUSER", "vmrig", ...rules.split(" "));
  const redis = { url: network.url.replace("//", "//vmrig:right@") };
  await using leases = await openLeaseStore({ redis, timing: { heartbeatMs: 600_000, aliveMs: 1_800_000 } });
  const holder = person("alice");
  const first = await leases.acquire(PCS, { holder, ttlMs: 600_000, waitForMs: 1000 });
  await leases.saveRecord(first, { a: 1 });
  const second = await leases.acquire(PCS, { holder, ttlMs: 600_000, waitForMs: 10_000, onWait: () => void first.release() });
  await leases.dropRecord(second);
  expect((await leases.view(PCS)).copies[0]?.held?.fence).toBe(second.fence);
  await leases.keep(second, { forMs: 60_000, why: "to look" });
  await leases.revoke({ ...PCS_1, fence: second.fence, by: holder });
  const third = await leases.acquire(PCS, { holder, ttlMs: 1000, waitForMs: 0 });
  await leases.revoke({ ...PCS_1, fence: third.fence, by: holder });
  expect(await aborted(third.signal)).toMatchObject({ details: [expect.stringContaining("released by force")] });
  expect(await server.operator.call("ACL", "LOG")).toEqual([]);
});

test("a question is asked again across a reset of the connection", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const connection = await connect({ url: network.url }, QUICK);
  network.reset();
  expect(await connection.ask(READ_RECORD, [record])).toBeNull();
  connection.close();
});

test("an unanswered command fails within its timeout, and names no key or value", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const connection = await connect({ url: network.url }, QUICK);
  network.blackHole();
  const error = await failure(connection.run(VIEW, [record], ["some value"]));
  expect(error).toMatchObject({ code: "REDIS_UNREACHABLE", summary: `Redis at ${network.url} gave no answer: Command timed out` });
  expect(error.cause).toBeUndefined();
  connection.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
