import { expect, test } from "vitest";
import { page, startCloud, type Answer } from "./call/cloud.test.kit.ts";
import { createSnapshot, findSystemImage, protectImage, readImage } from "./images.ts";
import { action, image } from "./replies.test.kit.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const of = { id: 1001, name: "pc1" };
const labels = { "vmrig-digest": "abc" };
const SNAPSHOT = {
  id: 1007,
  type: "snapshot",
  status: "creating",
  name: null,
  labels,
  created: new Date(NOW - 1_000).toISOString(),
  created_from: { id: 1001, name: "pc1" },
};
const CREATED: Answer = {
  status: 201,
  body: { image: image({ ...SNAPSHOT, id: 1008 }), action: action({ command: "create_image" }) },
};

const create = (cloud: Awaited<ReturnType<typeof startCloud>>) =>
  createSnapshot(cloud.client, { of, labels, description: "debian-13" });

test("a system image is looked up with its architecture, deprecated ones included", async () => {
  const cloud = await startCloud(() => page("images", [image()]));
  const found = await findSystemImage(cloud.client, { name: "debian-13", architecture: "x86" });
  expect(found?.id).toBe(101);
  expect(String(cloud.calls[0]?.query)).toMatch(
    /^name=debian-13&architecture=x86&type=system&include_deprecated=true&/,
  );
});

test("a snapshot has labels, and returns the image with the action that fills it", async () => {
  const cloud = await startCloud(() => CREATED);
  const { resource, actions } = await create(cloud);
  expect([resource.id, actions.map(({ command }) => command)]).toEqual([1008, ["create_image"]]);
  expect(cloud.calls[0]).toMatchObject({
    line: "POST /servers/1001/actions/create_image",
    body: { type: "snapshot", description: "debian-13", labels },
  });
});

/** The images that have the labels after the reply to the first attempt was lost. */
const afterLostReply = (images: readonly unknown[]) =>
  startCloud(({ line }, index): Answer => {
    if (index === 0) return "cut";
    if (line === "GET /images")
      return {
        ...(page("images", images) as object),
        headers: { date: new Date(NOW).toUTCString() },
      };
    return line.startsWith("GET")
      ? page("actions", [action({ command: "create_image" })])
      : CREATED;
  });

test("a snapshot whose reply was lost is found by its labels, and not created twice", async () => {
  const cloud = await afterLostReply([image(SNAPSHOT)]);
  const { resource, actions } = await create(cloud);
  expect([resource.id, actions.length]).toEqual([1007, 1]);
  expect(cloud.lines()).toEqual([
    "POST /servers/1001/actions/create_image",
    "GET /images",
    "GET /images/1007/actions",
  ]);
  expect(cloud.calls[1]?.query.get("label_selector")).toBe("vmrig-digest=abc");
});

test.each([
  ["another server", { created_from: { id: 1, name: "x" } }],
  ["an earlier day", { created: "2026-11-29T12:00:00Z" }],
])("a snapshot of %s with the same labels is not taken for the lost one", async (_, fields) => {
  const cloud = await afterLostReply([image({ ...SNAPSHOT, ...fields })]);
  expect((await create(cloud)).resource.id).toBe(1008);
});

test("an image of a kind that is new can be read and protected", async () => {
  const cloud = await startCloud(({ line }) =>
    line.startsWith("GET")
      ? { body: { image: image({ type: "new-kind" }) } }
      : { status: 201, body: { action: action({ command: "change_protection" }) } },
  );
  await expect(readImage(cloud.client, { id: 101 })).resolves.toMatchObject({ type: "new-kind" });
  await protectImage(cloud.client, { of: { id: 101 }, isProtected: true });
  expect(cloud.calls[1]?.body).toEqual({ delete: true });
});
