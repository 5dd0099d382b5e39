import { readFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { createSnapshot, listImages } from "../api/images.ts";
import { publishImage } from "./publish-image.ts";
import { findSnapshots } from "./image-snapshots.ts";
import { prepareStage } from "./publish.test.kit.ts";

vi.setConfig({ testTimeout: 60_000 });

test("the snapshot has exactly the bytes of the image, and nothing else is left", async () => {
  const { client, image, disk, backend, lines, options, left } = await prepareStage();
  const published = await publishImage(client, options);
  const bytes = await readFile(backend.snapshot(published.id));
  expect(bytes.subarray(0, disk.length).equals(disk)).toBe(true);
  // The power is cut before the copy, and again when the server is deleted.
  expect(backend.events).toEqual(["start rescue", "stop", "copy", "stop"]);
  expect(await left()).toEqual({ servers: 0, keys: 0, images: [published.id] });
  const [found] = await findSnapshots(client, { digest: image.digest, architecture: "x86" });
  expect(found).toMatchObject({
    id: published.id,
    description: "vmrig: tiny",
    labels: {
      "vmrig-image": "recipe-0123456789abcdef",
      "vmrig-image-name": "tiny",
      "vmrig-image-architecture": "amd64",
    },
  });
  expect(lines.at(-1)).toBe(
    `image    published tiny (recipe:0123456789abcdef) as image ${published.id}`,
  );
});

test("publishing the same digest again changes nothing and says so", async () => {
  const { client, double, lines, options } = await prepareStage();
  const { id } = await publishImage(client, options);
  const calls = double.calls.length;
  lines.length = 0;
  await expect(publishImage(client, options)).resolves.toMatchObject({ id });
  expect(double.calls.slice(calls).filter(({ method }) => method !== "GET")).toEqual([]);
  expect(lines).toEqual([
    `image    tiny (recipe:0123456789abcdef) is published already, as image ${id}`,
  ]);
});

test("the image of another architecture does not count", async () => {
  const { client, image, options } = await prepareStage();
  await publishImage(client, options);
  const wanted = { digest: image.digest, architecture: "arm" } as const;
  await expect(findSnapshots(client, wanted)).resolves.toEqual([]);
});

test("a location without room is passed over with a line", async () => {
  const { client, double, lines, options } = await prepareStage();
  double.requestFaults.add(
    { method: "POST", path: /^\/servers$/ },
    {
      kind: "refuse",
      status: 412,
      code: "resource_unavailable",
      message: "error during placement",
    },
  );
  await publishImage(client, options);
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^image {4}no room for cx23 in fsn1: .*error during placement/),
      expect.stringMatching(/^image {4}starting the temporary server \S+: cx23 in nbg1$/),
    ]),
  );
});

test("the cheapest type of the named location is used", async () => {
  const { client, lines, options } = await prepareStage();
  await publishImage(client, { ...options, location: "hel1" });
  expect(lines[0]).toMatch(/: cx23 in hel1$/);
});

test("an image that a server does not boot is refused before any call", async () => {
  const { client, double, image, options } = await prepareStage();
  const direct = { ...image, firmware: undefined };
  await expect(publishImage(client, { ...options, image: direct })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: 'The image "tiny" does not boot on a server of Hetzner Cloud.',
  });
  expect(double.calls).toEqual([]);
});

test("a snapshot that another publish is creating is awaited instead of made twice", async () => {
  const { client, double, options, lines } = await prepareStage();
  const other = await prepareServer(client);
  const hold = double.actionFaults.hang("create_image");
  const { resource } = await createSnapshot(client, {
    of: { id: other },
    description: "other",
    labels: { "vmrig-image": "recipe-0123456789abcdef" },
  });
  const publishing = publishImage(client, options);
  await vi.waitUntil(() => lines.length > 0, { timeout: 20_000 });
  expect(lines).toEqual([`image    another publish is creating image ${resource.id}`]);
  hold.release();
  await expect(publishing).resolves.toMatchObject({ id: resource.id });
  expect(await listImages(client, { labels: { "vmrig-image": true } })).toHaveLength(1);
});

async function prepareServer(client: Parameters<typeof publishImage>[0]): Promise<number> {
  const body = {
    name: "other",
    server_type: "cx23",
    image: 101,
    location: "fsn1",
    start_after_create: false,
  };
  const reply = await client.call({
    method: "POST",
    path: "/servers",
    body,
    task: "create a server",
    lookUp: async () => undefined,
  });
  const { id } = reply["server"] as { readonly id: number };
  await vi.waitUntil(
    async () => {
      const now = await client.call({ method: "GET", path: `/servers/${id}`, task: "look" });
      return (now["server"] as { readonly status: string }).status === "off";
    },
    { timeout: 20_000 },
  );
  return id;
}
