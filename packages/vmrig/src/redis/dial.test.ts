import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { freePort } from "../ssh/fixtures/free-port.test.kit.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { connect } from "./dial.ts";
import { BadNetwork } from "./fixtures/bad-network.ts";
import { RedisServer } from "./fixtures/redis-server.ts";
import { keysOf } from "../lease/keys.ts";
import { ping } from "./ping.ts";
import { VIEW } from "../lease/lease-view.ts";
import { READ_RECORD } from "../lease/backends/record.ts";
import { PCS_1 } from "../lease/fixtures/rigs.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
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

test("a closed port fails immediately, and the error shows the address without the password", async () => {
  const port = await freePort();
  const error = await failure(connect({ url: `redis://alice:hunter2@127.0.0.1:${port}/3` }, QUICK));
  expect(error).toMatchObject({
    code: "REDIS_UNREACHABLE",
    hint: expect.stringContaining("VMRIG_REDIS_URL"),
  });
  expect(error.message).toMatch(
    new RegExp(
      `^Could not connect to Redis at redis://127\\.0\\.0\\.1:${port}/3 after \\d\\.\\d s: .*ECONNREFUSED`,
    ),
  );
  expect(JSON.stringify(error)).not.toContain("hunter2");
});

test("a socket that does not exist fails immediately", async () => {
  const socketPath = join(tmpdir(), "vmrig-test-missing.sock");
  expect((await failure(connect({ socketPath }, QUICK))).message).toContain(
    `Could not connect to Redis at unix:${socketPath} after`,
  );
});

test("a server that accepts connections and never answers fails with a timeout", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  network.blackHole();
  expect(await failure(connect({ url: network.url }, QUICK))).toMatchObject({
    code: "REDIS_UNREACHABLE",
    message: expect.stringContaining("timed out"),
  });
});

test("connecting fails with wrong or missing credentials, and succeeds with the right password", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const at = (login: string) => network.url.replace("//", `//${login}`);
  await server.operator.call("ACL", "SETUSER", "default", "resetpass", ">right");
  expect((await failure(connect({ url: at(":wrong@") }, QUICK))).message).toContain("WRONGPASS");
  expect((await failure(connect({ url: network.url }, QUICK))).message).toContain("NOAUTH");
  (await connect({ url: at(":right@") }, QUICK)).close();
});

test("a query is retried after the connection is reset", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const connection = await connect({ url: network.url }, QUICK);
  network.reset();
  expect(await connection.ask(READ_RECORD, [record])).toBeNull();
  connection.close();
});

test("an unanswered command fails within its timeout, and the error shows no key or value", async () => {
  await using server = await RedisServer.start();
  await using network = await BadNetwork.before(server.socketPath);
  const connection = await connect({ url: network.url }, QUICK);
  network.blackHole();
  const error = await failure(connection.run(VIEW, [record], ["some value"]));
  expect(error).toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: `Redis at ${network.url} gave no answer: Command timed out`,
  });
  expect(error.cause).toBeUndefined();
  connection.close();
});

test("connecting waits for a server that is still loading its append-only file", async () => {
  await using server = await RedisServer.start({
    // The server answers while it loads after each kilobyte, not after the default of 2 MB.
    extra: ["--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024"],
  });
  const filling = server.operator.pipeline();
  for (let i = 0; i < 6000; i++) filling.set(`key-${i}`, i);
  await filling.exec();
  await server.kill();
  const starting = server.start();
  await waitFor({
    what: "a server that listens",
    timeoutMs: 10_000,
    intervalMs: 5,
    probe: async () =>
      (await ping(server.socketPath)) === "silent" ? { value: undefined } : { seen: "not yet" },
  });
  (await connect({ socketPath: server.socketPath }, { commandTimeoutMs: 5000 })).close();
  expect(await ping(server.socketPath)).toBe("pong");
  await starting;
});
