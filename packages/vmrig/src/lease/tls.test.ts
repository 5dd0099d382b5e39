import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { Certificates, SERVER_NAME } from "../redis/fixtures/certificates.ts";
import { freePort } from "../redis/fixtures/free-port.ts";
import { person } from "./fixtures/holders.ts";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import { PCS } from "./fixtures/rigs.ts";
import type { LeaseStore } from "./lease-store.ts";
import { openLeaseStore } from "./open-lease-store.ts";
import type { TlsIdentity } from "../redis/address.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let certificates: Certificates;
let ca: string;
const stack = new AsyncDisposableStack();
/** Servers with TLS: one that accepts every client, one that requires a client certificate. */
let open: Secured;
let strict: Secured;

interface Secured {
  readonly server: RedisServer;
  readonly port: number;
}

beforeAll(async () => {
  certificates = stack.use(await Certificates.make());
  ca = await certificates.read("ca.pem");
  open = await secured("no");
  strict = await secured("yes");
});
afterAll(() => stack.disposeAsync());

async function secured(authClients: "yes" | "no"): Promise<Secured> {
  const port = await freePort();
  return {
    server: stack.use(
      await RedisServer.start({ extra: certificates.redisArguments(port, authClients) }),
    ),
    port,
  };
}

function store({ port }: Secured, tls?: TlsIdentity, host = "127.0.0.1"): Promise<LeaseStore> {
  return openLeaseStore({ redis: { url: `rediss://${host}:${port}`, ...(tls && { tls }) } });
}

const refusal = (hint: string) => ({
  code: "REDIS_UNREACHABLE",
  hint: expect.stringContaining(hint),
});

test("a lease is acquired, waited for and passed on by a publish over TLS", async () => {
  await using leases = await store(open, { ca });
  const options = { ttlMs: 600_000, waitForMs: 30_000 };
  const first = await leases.acquire(PCS, { holder: person("alice"), ...options });
  const second = await leases.acquire(PCS, {
    holder: person("bob"),
    ...options,
    onWait: () => void first.release(),
  });
  expect(second.fence).toBeGreaterThan(first.fence);
});

test("a self-signed certificate is refused without its authority, and the hint names the setting", async () => {
  await expect(store(open)).rejects.toMatchObject({
    ...refusal("`redis.tls.ca`"),
    message: expect.stringMatching(
      /^Could not connect to Redis at rediss:\/\/127\.0\.0\.1:\d+ after \d\.\d s: self-signed certificate/,
    ),
  });
});

test("a self-signed certificate is refused even with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(store(open)).rejects.toMatchObject(refusal("`redis.tls.ca`"));
});

test("a certificate of another authority is refused", async () => {
  await using others = await Certificates.make();
  await expect(store(open, { ca: await others.read("ca.pem") })).rejects.toMatchObject(
    refusal("`redis.tls.ca`"),
  );
});

test("a certificate with another host name is refused until `servername` is set", async () => {
  await expect(store(open, { ca }, "localhost")).rejects.toMatchObject(
    refusal("`redis.tls.servername`"),
  );
  await using leases = await store(open, { ca, servername: SERVER_NAME }, "localhost");
  expect((await leases.view(PCS)).queue).toEqual([]);
});

test("a server that requires a client certificate accepts one with its key", async () => {
  await expect(store(strict, { ca })).rejects.toMatchObject(
    refusal("`redis.tls.cert` and `redis.tls.key`"),
  );
  await using leases = await store(strict, {
    ca,
    cert: await certificates.read("client.pem"),
    key: await certificates.read("client.key"),
  });
  expect((await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 })).state).toBe(
    "held",
  );
});

test("an untrusted client certificate is reported", async () => {
  await using others = await Certificates.make();
  const identity = {
    ca,
    cert: await others.read("client.pem"),
    key: await others.read("client.key"),
  };
  await expect(store(strict, identity)).rejects.toMatchObject(
    refusal("does not trust the certificate in `redis.tls.cert`"),
  );
});

test("a port without TLS fails, and the hint mentions it", async () => {
  await using network = await BadNetwork.before(open.server.socketPath);
  const redis = { url: network.url.replace("redis:", "rediss:"), tls: { ca } };
  await expect(openLeaseStore({ redis })).rejects.toMatchObject(refusal("uses TLS on this port"));
});
