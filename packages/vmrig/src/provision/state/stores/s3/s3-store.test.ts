import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { BadNetwork } from "../../../../redis/fixtures/bad-network.ts";
import { KEPT_VERSIONS } from "../../state-store.ts";
import { newCopy, write } from "../../contract/harness.test.kit.ts";
import { testStateStore } from "../../contract.test.kit.ts";
import { probeS3 } from "./probe-s3.ts";
import { s3Client } from "./s3-client.ts";
import { s3Store } from "./s3-store.ts";
import { CREDENTIALS, s3At, S3Proxy, S3Server } from "./s3-server.test.kit.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 });

let server: S3Server;
beforeAll(async () => {
  server = await S3Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

async function proxy(rule: Parameters<typeof S3Proxy.before>[1]): Promise<S3Proxy> {
  const started = await S3Proxy.before(server.port, rule);
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

testStateStore({
  open: async () => s3Store({ ...s3At(server.port), requestTimeoutMs: 10_000 }),
  async openThroughNetworks() {
    // A number is a port for net.connect(), also as text.
    const network = await BadNetwork.before(String(server.port));
    onTestFinished(() => network[Symbol.asyncDispose]());
    const store = s3Store({ ...s3At(Number(new URL(network.url).port)), requestTimeoutMs: 10_000 });
    return { store, networks: [network] };
  },
  makeUnwritable: async () => s3Store(s3At((await proxy({ readOnly: true })).port)),
});

test("texts of versions that are no longer kept are removed", async () => {
  const copy = newCopy();
  await using store = s3Store(s3At(server.port));
  const writes = Array.from({ length: KEPT_VERSIONS + 2 }, (_, base) => write(base, 10));
  for (const one of writes) await store.write(copy, one);
  const client = s3Client({ ...s3At(server.port), requestTimeoutMs: 5000 });
  const exists = await Promise.all(
    writes.map(async ({ id, base }) => {
      const key = `vmrig/${copy.rig}/${copy.copy}/${base + 1}-${id}.tfstate`;
      return (await client.get(key)) !== undefined;
    }),
  );
  expect(exists.indexOf(true)).toBe(2);
  expect(exists.lastIndexOf(false)).toBe(1);
});

test("the probe accepts a server with atomic conditions, and leaves nothing behind", async () => {
  await probeS3(s3At(server.port));
  const listed = await fetch(
    `http://127.0.0.1:${server.port}/states?list-type=2&prefix=vmrig/probe`,
  );
  expect(await listed.text()).not.toContain("<Contents>");
});

test("the probe refuses a server that ignores conditions", async () => {
  const { port } = await proxy({ unconditional: true });
  await expect(probeS3(s3At(port))).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringMatching(/^Of 20 concurrent writers 20 won/),
  });
});

test("a missing bucket is reported at once", async () => {
  await using store = s3Store({ ...s3At(server.port), bucket: "missing" });
  const missing = { code: "STATE_UNREACHABLE", hint: expect.stringContaining("bucket") };
  await expect(store.read(newCopy())).rejects.toMatchObject(missing);
  await expect(store.claim(newCopy(), 10)).rejects.toMatchObject(missing);
});

test.each([
  [{ environment: {} }, "no credentials"],
  [{ endpoint: "127.0.0.1" }, "not an https:// URL"],
  [{ endpoint: "https://user:hunter2@host" }, "not an https:// URL"],
])("%j is refused", (options, summary) => {
  expect(() => s3Store({ ...s3At(1), environment: CREDENTIALS, ...options })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      summary: expect.stringContaining(summary),
      message: expect.not.stringContaining("hunter2"),
    }),
  );
});
