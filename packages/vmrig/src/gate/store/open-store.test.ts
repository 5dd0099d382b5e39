import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../ssh/fixtures/free-port.test.kit.ts";
import { checkConfig } from "../../config/check.ts";
import type { Folders } from "../../config/folders.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import { Certificates } from "../../redis/fixtures/certificates.ts";
import { person } from "../../lease/fixtures/holders.ts";
import { RedisServers } from "../../redis/fixtures/redis-servers.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { PCS } from "../../lease/fixtures/rigs.ts";
import { openRunningStore, openStore } from "./open-store.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";

// Real processes may be slow on a busy computer. Each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let stack: AsyncDisposableStack;
let project: string;
/** Never used: each of these names refers to a Redis. */
let folders: Folders;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  project = await tempFolder();
  folders = { state: project, cache: project, runtime: project };
});
afterEach(() => stack.disposeAsync());

const RIG = { name: "pcs", driver: { name: "none", declare: () => {} }, machines: { pc1: {} } };

function rig(config: object): ResolvedRig {
  return checkConfig({ ...RIG, ...config }, join(project, "vmrig.config.ts"));
}

test("the guide's config works: prefix and certificate authority in the config, the URL in the environment", async () => {
  const certificates = stack.use(await Certificates.make());
  const port = await freePort();
  const server = stack.use(await RedisServer.start({ extra: certificates.redisArguments(port) }));
  await mkdir(join(project, "pki"));
  await symlink(certificates.path("ca.pem"), join(project, "pki", "ca.pem"));
  const config = rig({
    redis: {
      prefix: "team-a",
      tls: { ca: "pki/ca.pem" },
    },
  });
  await using store = await openStore(config, folders, {
    VMRIG_REDIS_URL: `rediss://127.0.0.1:${port}`,
  });
  await store.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
  expect((await server.operator.keys("*")).filter((key) => !key.startsWith("team-a:"))).toEqual([]);
  expect(store.shown).toBe(`rediss://127.0.0.1:${port}, prefix team-a`);
});

test("a missing TLS file is CONFIG_INVALID, before any connection to Redis", async () => {
  const config = rig({ redis: { url: "rediss://127.0.0.1:1", tls: { ca: "ca.pem" } } });
  await expect(openStore(config, folders, {})).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: `redis.tls.ca cannot be read: ${join(project, "ca.pem")} (ENOENT)`,
  });
});

test("a URL without TLS in the environment is refused when the config has TLS settings", async () => {
  const certificates = stack.use(await Certificates.make());
  const config = rig({ redis: { tls: { ca: certificates.path("ca.pem") } } });
  await expect(
    openStore(config, folders, { VMRIG_REDIS_URL: "redis://127.0.0.1:1" }),
  ).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    hint: expect.stringContaining("rediss://"),
  });
});

test("leases of two prefixes on one Redis are independent, and are two stores", async () => {
  const server = stack.use(await RedisServer.start());
  const env = { VMRIG_REDIS_URL: `unix://${server.socketPath}` };
  await using ours = await openStore(rig({ redis: { prefix: "team-a:vmrig" } }), folders, env);
  await using theirs = await openStore(rig({}), folders, env);
  const holder = person("alice");
  const lease = await ours.acquire(PCS, { holder, waitForMs: 1000 });
  expect((await theirs.tryAcquire(PCS, { holder }))?.state).toBe("held");
  const next = ours.acquire(PCS, {
    holder: person("bob"),
    waitForMs: 30_000,
    onWait: () => void lease.release(),
  });
  expect((await next).holder.who).toBe("bob");
  expect(ours.id).not.toBe(theirs.id);
});

test("a store for reading reads the leases of its own prefix", async () => {
  const server = stack.use(await RedisServer.start());
  const env = { VMRIG_REDIS_URL: `unix://${server.socketPath}` };
  const config = rig({ redis: { prefix: "team-a" } });
  await using store = await openStore(config, folders, env);
  const lease = await store.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
  await using looking = await openRunningStore(config, folders, env);
  expect(looking?.id).toBe(store.id);
  expect((await looking?.view(PCS))?.copies[0]?.fence).toBe(lease.fence);
});

test("several Redises are named in the config, or in the environment, separated by commas", async () => {
  const servers = stack.use(await RedisServers.start(3));
  const urls = servers.networks.map(({ url }) => url);
  await using ofConfig = await openStore(rig({ redis: { urls } }), folders, {});
  await using ofEnvironment = await openStore(rig({}), folders, {
    VMRIG_REDIS_URL: urls.join(", "),
  });
  await using looking = await openRunningStore(rig({}), folders, {
    VMRIG_REDIS_URL: servers.all.map(({ socketPath }) => `unix://${socketPath}`).join(),
  });
  expect([ofEnvironment.id, looking?.id]).toEqual([ofConfig.id, ofConfig.id]);
  expect(ofConfig.shown).toBe(urls.join(", "));
  const lease = await ofConfig.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
  expect((await looking?.view(PCS))?.copies[0]?.held?.fence).toBe(lease.fence);
});

test("two Redises in the environment are refused, and the error hides their passwords", async () => {
  const error: unknown = await openStore(rig({}), folders, {
    VMRIG_REDIS_URL: "redis://u:one,two@a,redis://u:three@b",
  }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "CONFIG_INVALID",
    details: ["redis://a", "redis://b"],
    hint: expect.stringContaining("configure 3 servers"),
  });
});
