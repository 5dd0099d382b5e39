import { HcloudDouble } from "@vmrig/hcloud-double";
import { expect, onTestFinished, test, vi } from "vitest";
import { awaitActions } from "./action/await-actions.ts";
import type { Action } from "./action/action.ts";
import { createClient, type Client } from "./call/client.ts";
import { quickClock } from "./call/cloud.test.kit.ts";
import { createSnapshot, findSystemImage, listImages } from "./images.ts";
import { resetServer } from "./server-actions.ts";
import { createServer, deleteServer, listServers } from "./servers.ts";
import { createSshKey, listSshKeys } from "./ssh-keys.ts";

const labels = { "vmrig-rig": "pcs", "vmrig-owner": "team" };
const KEY = {
  name: "k",
  labels,
  public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZY06yTtKdgdViHqPet8FvSw5SrHyPJD8l9E0ODzcs/",
};

function connect(double: HcloudDouble): Client {
  const { token, endpoint } = double;
  const client = createClient({ token, endpoint, clock: quickClock(), random: () => 0 });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  return client;
}

const ended = (client: Client, actions: readonly Action[]): Promise<void> =>
  awaitActions(client, { actions, task: "finish", timeoutMs: 3_600_000 });

async function createMachine(client: Client) {
  const key = await createSshKey(client, { key: KEY });
  const image = await findSystemImage(client, { name: "debian-12", architecture: "x86" });
  const created = await createServer(client, {
    server: {
      name: "pc1",
      labels,
      server_type: "cx23",
      image: image?.id ?? expect.unreachable("the double has this image"),
      location: "fsn1",
      ssh_keys: [key.resource.id],
    },
  });
  await ended(client, created.actions);
  return created.resource;
}

test("a whole life of a server whose every reply is lost creates nothing twice", async () => {
  const double = await HcloudDouble.start();
  for (const call of [
    { method: "POST", path: /^\/ssh_keys$/ },
    { method: "POST", path: /^\/servers$/ },
    { method: "POST", path: /\/actions\/reset$/ },
    { method: "POST", path: /\/actions\/create_image$/ },
    { method: "DELETE", path: /^\/servers\// },
  ])
    double.requestFaults.add(call, { kind: "cut-when-done" });
  const client = connect(double);
  const of = await createMachine(client);
  await ended(client, await resetServer(client, { of }));
  const snapshot = await createSnapshot(client, { of, labels, description: "pc1" });
  await ended(client, snapshot.actions);
  expect((await listSshKeys(client, { labels })).map(({ name }) => name)).toEqual(["k"]);
  expect((await listServers(client, { labels })).map(({ name }) => name)).toEqual(["pc1"]);
  expect((await listImages(client, { labels })).map(({ id, status }) => [id, status])).toEqual([
    [snapshot.resource.id, "available"],
  ]);

  await ended(client, await deleteServer(client, { of }));
  expect(await listServers(client, { labels })).toEqual([]);
  const posts = double.calls.filter(({ method }) => method === "POST").map(({ path }) => path);
  expect(posts).toEqual([
    "/ssh_keys",
    "/servers",
    `/servers/${of.id}/actions/reset`,
    `/servers/${of.id}/actions/create_image`,
  ]);
});

test("a server that another action holds is waited for", async () => {
  const isRefused = (): boolean => double.calls.some(({ status }) => status === 423);
  const double: HcloudDouble = await HcloudDouble.start({
    // The snapshot holds the server until the API has refused a call because of it.
    actionDelay: async ({ command }) => {
      if (command !== "create_image") return;
      await vi.waitUntil(isRefused, { timeout: 20_000, interval: 5 });
    },
  });
  const client = connect(double);
  const of = await createMachine(client);
  await createSnapshot(client, { of, labels, description: "pc1" });
  await ended(client, await resetServer(client, { of }));
  expect(isRefused()).toBe(true);
});
