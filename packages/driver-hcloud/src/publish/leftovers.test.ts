import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { HcloudDouble } from "@vmrig/hcloud-double";
import { generateKeyPair } from "vmrig/driver";
import { createClient, type Client } from "../api/call/client.ts";
import { createSshKey, listSshKeys } from "../api/ssh-keys.ts";
import { fastClock } from "./fast-clock.test.kit.ts";
import { findLeftovers } from "./leftovers.ts";
import { describeProcess, isAbandoned, temporaryLabels, TEMPORARY } from "./temporary.ts";

vi.setConfig({ testTimeout: 30_000 });

const HOUR_MS = 3_600_000;

async function connect(): Promise<Client> {
  const double = await HcloudDouble.start();
  const { token, endpoint } = double;
  const client = createClient({ token, endpoint, clock: fastClock });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  return client;
}

async function createKey(client: Client, labels: Readonly<Record<string, string>>): Promise<void> {
  const public_key = generateKeyPair().publicKey;
  await createSshKey(client, { key: { name: "k", labels, public_key } });
}

test("what this running process uses is not left over", async () => {
  const client = await connect();
  await createKey(client, await temporaryLabels(client));
  await expect(findLeftovers(client)).resolves.toEqual([]);
});

test("what a process of this computer used is left over as soon as it has ended", async () => {
  const client = await connect();
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const own = await temporaryLabels(client);
  const publisher = (await describeProcess(child.pid ?? 0)) ?? expect.unreachable();
  await createKey(client, { ...own, "vmrig-publisher": publisher });
  await expect(findLeftovers(client)).resolves.toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  const [leftover] = await findLeftovers(client);
  expect(leftover?.what).toMatch(
    /^temporary SSH key "k" \(\d+\) of an image publish that was killed, from \d{4}-\d\d-\d\d$/,
  );
  await leftover?.remove();
  await expect(listSshKeys(client)).resolves.toEqual([]);
});

test.each([
  ["of another boot", 2],
  ["of another PID namespace", 3],
  ["of another user", 4],
])("a process %s may run, until its time is over", async (_of, field) => {
  const client = await connect();
  const own = await temporaryLabels(client);
  const parts = (own["vmrig-publisher"] ?? "").split(".");
  parts[0] = "999999999";
  parts[field] = "77777777";
  const labels = { ...own, "vmrig-publisher": parts.join(".") };
  const created = new Date().toISOString();
  await expect(isAbandoned(client, { labels, created })).resolves.toBe(false);
  const late = { ...client, serverTime: () => Date.now() + 2 * HOUR_MS };
  await expect(isAbandoned(late, { labels, created })).resolves.toBe(true);
});

test.each(["", "soon"])("without a readable deadline (%j) the age decides", async (until) => {
  const client = await connect();
  const labels = { ...TEMPORARY, "vmrig-until": until };
  const at = (agoMs: number) => ({ labels, created: new Date(Date.now() - agoMs).toISOString() });
  await expect(isAbandoned(client, at(HOUR_MS))).resolves.toBe(false);
  await expect(isAbandoned(client, at(2 * HOUR_MS))).resolves.toBe(true);
});

test("what has another label is never left over", async () => {
  const client = await connect();
  await createKey(client, { "vmrig-temporary": "other" });
  await expect(findLeftovers(client)).resolves.toEqual([]);
});
