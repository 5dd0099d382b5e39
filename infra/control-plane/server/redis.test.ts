import { readFile, stat, writeFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openLeaseStore } from "../../../packages/vmrig/src/lease/open-lease-store.ts";
import { useAll } from "../../../packages/vmrig/src/lease/use-all.test.kit.ts";
import {
  newCopy,
  write,
} from "../../../packages/vmrig/src/provision/state/contract/harness.test.kit.ts";
import { redisStore } from "../../../packages/vmrig/src/provision/state/stores/redis/redis-store.ts";
import { LocalRedis } from "./local-redis.test.kit.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

/** Only a publish wakes a waiter within the duration of a test. */
const NO_POLLING = { heartbeatMs: 600_000, aliveMs: 1_800_000, outageMs: 0 };

const password = async (server: LocalRedis): Promise<string> =>
  (await readFile(server.path("secrets/password"), "utf8")).trim();

test("everything that leases do works over TLS, and nothing is denied", async () => {
  const server = await LocalRedis.forTest();
  await using leases = await openLeaseStore({
    redis: await server.address(),
    timing: NO_POLLING,
  });
  await useAll(leases);
  expect(await server.denials()).toEqual([]);
});

test("states are stored and read, and survive a restart", async () => {
  const server = await LocalRedis.forTest();
  const copy = newCopy();
  await using store = await redisStore({ redis: await server.address() });
  await store.claim(copy, 10);
  expect(await store.write(copy, write(0, 10))).toMatchObject({ outcome: "written" });
  await server.restart();
  await using after = await redisStore({ redis: await server.address() });
  expect(await after.read(copy)).toMatchObject({ text: write(0, 10).text });
  expect(await after.history(copy)).toHaveLength(1);
  expect(await after.readVersion(copy, 1)).toMatchObject({ text: write(0, 10).text });
  expect(await server.denials()).toEqual([]);
});

test("the commands are those of the guide", async () => {
  const guide = await readFile(
    new URL("../../../docs/guide/shared-redis.md", import.meta.url),
    "utf8",
  );
  const [, rules = ""] = /^ACL SETUSER vmrig ([^`]*?)\n```/ms.exec(guide) ?? [];
  const server = await LocalRedis.forTest();
  const acl = await readFile(server.path("served/users.acl"), "utf8");
  const [, ours = ""] = /^user vmrig (.*)$/m.exec(acl) ?? [];
  const words = (text: string): string[] =>
    text
      .replaceAll("\\\n", " ")
      .split(/\s+/)
      .filter((word) => !/^[>#]/.test(word));
  expect(words(ours)).toEqual(words(rules.trim()));
});

describe("one Redis", () => {
  let server: LocalRedis;
  beforeAll(async () => {
    server = await LocalRedis.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each([
    ["FLUSHALL", []],
    ["FLUSHDB", []],
    ["CONFIG", ["GET", "*"]],
    ["CONFIG", ["SET", "appendonly", "no"]],
    ["KEYS", ["*"]],
    ["SCAN", ["0"]],
    ["ACL", ["SETUSER", "vmrig", "allkeys"]],
    ["ACL", ["LIST"]],
    ["DEBUG", ["SLEEP", "1"]],
    ["SHUTDOWN", []],
    ["SAVE", []],
    ["BGREWRITEAOF", []],
    ["REPLICAOF", ["db.example", "6379"]],
    ["SYNC", []],
    ["MODULE", ["LIST"]],
    ["MONITOR", []],
    ["CLIENT", ["KILL", "TYPE", "normal"]],
    ["FUNCTION", ["LIST"]],
    ["SCRIPT", ["FLUSH"]],
    ["SWAPDB", ["0", "1"]],
    ["RENAME", ["vmrig:a", "vmrig:b"]],
    ["GET", ["team-a:{pcs}:pcs-1:lock"]],
    ["SET", ["team-a:{pcs}:pcs-1:lock", "x"]],
    ["EVAL", ["return redis.call('GET', KEYS[1])", "1", "other"]],
    ["EVAL", ["return redis.call('SET', 'other', 'x')", "0"]],
    ["EVAL", ["return redis.call('FLUSHALL')", "0"]],
    ["EVAL", ["return redis.call('KEYS', '*')", "0"]],
    ["PUBLISH", ["team-a:wake", "x"]],
    ["EVAL", ["return redis.call('PUBLISH', 'team-a:wake', 'x')", "0"]],
    ["SUBSCRIBE", ["team-a:wake"]],
    ["PSUBSCRIBE", ["*"]],
  ])("%s %j is refused", async (command, args) => {
    const redis = await server.client("vmrig", await password(server));
    await expect(redis.call(command, ...args)).rejects.toThrow(
      /NOPERM|no permissions|can't run this command|user executing the script can't|not allowed/i,
    );
  });

  test.each([
    ["without a user", "", ""],
    ["as the user default", "default", "x"],
    ["with a wrong password", "vmrig", "0".repeat(64)],
  ])("nothing is answered %s", async (_, username, secret) => {
    const redis = await server.client(username, secret);
    await expect(redis.call("INFO", "server")).rejects.toThrow(/NOAUTH|WRONGPASS|closed/i);
  });
});

test("there is no port without TLS, and a client that knows another CA refuses the server", async () => {
  const server = await LocalRedis.forTest();
  const { url } = (await server.address()) as { readonly url: string };
  await expect(
    openLeaseStore({ redis: { url: url.replace("rediss:", "redis:") } }),
  ).rejects.toMatchObject({ code: "REDIS_UNREACHABLE" });
  await expect(openLeaseStore({ redis: { url } })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    hint: expect.stringContaining("redis.tls.ca"),
  });
});

test("a lease is durable at the moment it is granted", async () => {
  const server = await LocalRedis.forTest();
  const redis = await server.client("test", "x");
  const settings = ["appendonly", "appendfsync", "maxmemory-policy", "port", "protected-mode"];
  const found = await Promise.all(settings.map((name) => redis.call("CONFIG", "GET", name)));
  expect(Object.assign({}, ...found.map(toObject))).toEqual({
    appendonly: "yes",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    port: "0",
    "protected-mode": "yes",
  });
});

function toObject(reply: unknown): Record<string, unknown> {
  return Array.isArray(reply)
    ? { [String(reply[0])]: reply[1] as unknown }
    : { ...(reply as object) };
}

test("the secrets are made once, and are readable for no other user", async () => {
  const server = await LocalRedis.forTest();
  const before = await Promise.all([password(server), server.ca()]);
  await server.makeSecrets();
  expect(await Promise.all([password(server), server.ca()])).toEqual(before);
  const mode = async (file: string): Promise<string> =>
    ((await stat(server.path(file))).mode & 0o777).toString(8);
  expect(await mode("secrets/ca/key.pem")).toBe("600");
  expect(await mode("secrets/password")).toBe("600");
  expect(await mode("served/tls/server.key")).toBe("640");
  expect(await mode("served/users.acl")).toBe("640");
  expect(await readFile(server.path("served/users.acl"), "utf8")).not.toContain(before[0]);
});

test("a second call changes nothing", async () => {
  const server = await LocalRedis.forTest();
  // Without the user of this test.
  await server.makeSecrets();
  expect(await server.makeSecrets()).toBe("");
});

test("a certificate near its end, or for another address, is replaced by one of the same CA", async () => {
  const server = await LocalRedis.forTest();
  const certificate = async () =>
    new X509Certificate(await readFile(server.path("served/tls/server.pem")));
  const ca = new X509Certificate(await server.ca());
  const first = await certificate();
  expect(first.verify(ca.publicKey)).toBe(true);
  expect(await server.makeSecrets("192.0.2.7")).toBe("changed");
  const second = await certificate();
  expect(second.subjectAltName).toBe("IP Address:192.0.2.7");
  expect(second.verify(ca.publicKey)).toBe(true);

  await signForDays(server, 30);
  const old = await certificate();
  expect(await server.makeSecrets("192.0.2.7")).toBe("changed");
  const renewed = await certificate();
  expect(Date.parse(renewed.validTo)).toBeGreaterThan(Date.parse(old.validTo));
  expect(renewed.verify(ca.publicKey)).toBe(true);
});

/** Signs the key of the server again, for a certificate that ends soon. */
async function signForDays(server: LocalRedis, days: number): Promise<void> {
  const path = (file: string): string => server.path(file);
  await writeFile(path("extensions"), "subjectAltName=IP:192.0.2.7\n");
  const key = path("served/tls/server.key");
  await execa("openssl", ["req", "-new", "-key", key, "-subj", "/CN=old", "-out", path("request")]);
  const ca = ["-CA", path("secrets/ca/cert.pem"), "-CAkey", path("secrets/ca/key.pem")];
  const out = ["-extfile", path("extensions"), "-out", path("served/tls/server.pem")];
  const what = ["-in", path("request"), "-days", String(days), "-set_serial", "7"];
  await execa("openssl", ["x509", "-req", ...what, ...ca, ...out]);
}

test("a new password takes effect, and the old one ends", async () => {
  const server = await LocalRedis.forTest();
  const old = await server.address();
  await execa("rm", [server.path("secrets/password")]);
  expect(await server.makeSecrets()).toBe("changed");
  await server.restart();
  await expect(openLeaseStore({ redis: old })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
  });
  const leases = await openLeaseStore({ redis: await server.address() });
  onTestFinished(() => leases.close());
  expect((await leases.view({ rig: "pcs", copies: ["pcs-1"] })).queue).toEqual([]);
});
