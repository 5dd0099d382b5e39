import { expect, test, vi } from "vitest";
import { generateKeyPair } from "vmrig/driver";
import { createSshKey } from "../api/ssh-keys.ts";
import { publishImage } from "./publish-image.ts";
import { prepareStage } from "./publish.test.kit.ts";
import { TEMPORARY } from "./temporary.ts";

vi.setConfig({ testTimeout: 60_000 });

const NOTHING = { servers: 0, keys: 0, images: [] };

test.each(["create_server", "enable_rescue", "start_server", "stop_server", "create_image"])(
  "nothing stays when the action %s fails",
  async (command) => {
    const { client, double, options, left } = await prepareStage();
    double.actionFaults.fail(command);
    await expect(publishImage(client, options)).rejects.toMatchObject({
      code: "CLOUD_ACTION_FAILED",
      details: [expect.stringContaining(command)],
    });
    expect(await left()).toEqual(NOTHING);
  },
);

test.each([
  ["POST", /^\/ssh_keys$/],
  ["POST", /^\/servers$/],
  ["POST", /\/create_image$/],
  ["DELETE", /^\/servers\//],
])("a lost reply to %s %s changes nothing", async (method, path) => {
  const { client, double, options, left } = await prepareStage();
  double.requestFaults.add({ method, path }, { kind: "cut-when-done" });
  const { id } = await publishImage(client, options);
  expect(await left()).toEqual({ servers: 0, keys: 0, images: [id] });
});

test("a write that fails is reported with what the rescue system said", async () => {
  const { client, backend, options, left } = await prepareStage();
  await backend.replace("dd", "#!/bin/sh\necho 'dd: I/O error' >&2\nexit 1\n");
  await expect(publishImage(client, options)).rejects.toMatchObject({
    code: "CLOUD_ACTION_FAILED",
    summary: "The rescue system of the temporary server could not write the image.",
    details: expect.arrayContaining(["dd: I/O error"]),
  });
  expect(await left()).toEqual(NOTHING);
});

test("a disk that returns other bytes than were written becomes no snapshot", async () => {
  const { client, backend, options, left } = await prepareStage();
  // Loses the last bytes of what passes through.
  await backend.replace(
    "gzip",
    '#!/bin/sh\n/bin/gzip "$@" | head -c -100\nhead -c 100 /dev/zero\n',
  );
  await expect(publishImage(client, options)).rejects.toMatchObject({
    code: "IMAGE_MISMATCH",
    summary: "The disk of the temporary server does not contain the image that was sent.",
  });
  expect(await left()).toEqual(NOTHING);
});

/** Stands for gzip: takes no input and does not end. */
const STUCK = '#!/bin/sh\necho upload > "$0.started"\nexec sleep 60\n';

test("a connection that breaks in the middle of the upload fails the publish", async () => {
  const { client, backend, options, left } = await prepareStage();
  await backend.replace("gzip", STUCK);
  const publishing = publishImage(client, options);
  publishing.catch(() => {});
  await vi.waitUntil(() => backend.hasRun("gzip"), { timeout: 30_000 });
  await backend.crash();
  await expect(publishing).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(await left()).toEqual(NOTHING);
});

test("an abort in the middle of the upload removes the server", async () => {
  const { client, backend, options, left } = await prepareStage();
  const reason = new Error("Ctrl-C");
  const stop = new AbortController();
  await backend.replace("gzip", STUCK);
  const publishing = publishImage(client, { ...options, signal: stop.signal });
  publishing.catch(() => {});
  await vi.waitUntil(() => backend.hasRun("gzip"), { timeout: 30_000 });
  stop.abort(reason);
  await expect(publishing).rejects.toBe(reason);
  expect(await left()).toEqual(NOTHING);
});

test("a server that started its disk instead of the rescue system is not overwritten", async () => {
  const { client, options, left } = await prepareStage();
  const rescue = options.rescue ?? expect.unreachable();
  // A mounted device, as the disk of a running system is.
  await expect(
    publishImage(client, { ...options, rescue: { ...rescue, device: "proc" } }),
  ).rejects.toMatchObject({
    details: ["proc is in use: the server has not started its rescue system"],
  });
  expect(await left()).toEqual(NOTHING);
});

test("a removal that fails does not hide the failure of a step", async () => {
  const { client, double, options, lines, left } = await prepareStage();
  double.actionFaults.fail("create_image");
  double.requestFaults.add(
    { method: "DELETE", path: /^\/servers\// },
    { kind: "refuse", status: 423, code: "protected", message: "server is protected" },
  );
  await expect(publishImage(client, options)).rejects.toMatchObject({
    details: [expect.stringContaining("create_image")],
  });
  expect(lines.at(-2)).toMatch(/the temporary server \S+ is not removed: .*server is protected/);
  expect(await left()).toMatchObject({ servers: 1 });
});

test("an image that cannot be read costs nothing", async () => {
  const { client, double, image, options } = await prepareStage();
  const missing = { ...image, disk: `${image.disk}.gone` };
  await expect(publishImage(client, { ...options, image: missing })).rejects.toMatchObject({
    code: "IMAGE_MISSING",
  });
  expect(double.calls.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a leftover that cannot be removed is reported, and the image is published", async () => {
  const { client, double, options, lines, left } = await prepareStage();
  const { publicKey } = generateKeyPair();
  const labels = { ...TEMPORARY, "vmrig-until": "1" };
  await createSshKey(client, { key: { name: "old", labels, public_key: publicKey } });
  double.requestFaults.add(
    { method: "DELETE", path: /^\/ssh_keys\// },
    { kind: "refuse", status: 423, code: "protected", message: "key is protected" },
  );
  const { id } = await publishImage(client, options);
  expect(lines[0]).toMatch(/^image {4}removing the temporary SSH key "old"/);
  expect(lines[1]).toMatch(/^image {4}.*key is protected/);
  expect(await left()).toEqual({ servers: 0, keys: 1, images: [id] });
});
