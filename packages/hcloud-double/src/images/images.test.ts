import { expect, test } from "vitest";
import { createServer, refusal, SERVER, startDouble } from "../hcloud-double.test.kit.ts";

test("deprecated images are listed only when asked for", async () => {
  const { call } = await startDouble();
  expect((await call("GET", "/images?name=debian-11")).body).toMatchObject({ images: [] });
  for (const value of ["true", "True"])
    expect(
      (await call("GET", `/images?name=debian-11&include_deprecated=${value}`)).body,
    ).toMatchObject({ images: [{ id: 107 }] });
  expect((await call("GET", "/images?name=debian-13&architecture=arm")).body).toMatchObject({
    images: [{ id: 104 }],
  });
});

test("a snapshot is creating until its action ends, and found by its labels", async () => {
  const client = await startDouble();
  const { call, double } = client;
  const id = await createServer(client, { name: "pc1" });
  const copying = double.actionFaults.hang("create_image");

  const { status, body } = await call("POST", `/servers/${id}/actions/create_image`, {
    description: "debian-13",
    labels: { "vmrig-image": "sha256-1" },
  });
  expect(status).toBe(201);
  const { image, action } = body;
  expect(image).toMatchObject({
    type: "snapshot",
    status: "creating",
    description: "debian-13",
    created_from: { id, name: "pc1" },
    bound_to: null,
    disk_size: 40,
  });
  expect(action.resources).toContainEqual({ id: image.id, type: "image" });
  expect(await call("POST", "/servers", { ...SERVER, name: "pc2", image: image.id })).toMatchObject(
    refusal(412, "resource_unavailable"),
  );
  copying.release();
  await double.project.actions.settle();
  const found = await call("GET", "/images?type=snapshot&label_selector=vmrig-image==sha256-1");
  expect(found.body).toMatchObject({
    images: [{ id: image.id, status: "available", image_size: 1.5 }],
  });
  await createServer(client, { name: "pc2", image: image.id });
});

test("a snapshot that fails is gone", async () => {
  const client = await startDouble();
  const id = await createServer(client, { name: "pc1" });
  client.double.actionFaults.fail("create_image");
  const { image } = await client.done("POST", `/servers/${id}/actions/create_image`);
  expect(await client.call("GET", `/images/${image.id}`)).toMatchObject(refusal(404, "not_found"));
});

test("a deleted image stays visible in the servers made of it", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const source = await createServer(client, { name: "pc1" });
  const { image } = await done("POST", `/servers/${source}/actions/create_image`);
  const id = await createServer(client, { name: "pc2", image: image.id });

  expect(await call("DELETE", `/images/${image.id}`)).toMatchObject({ status: 204 });
  expect(await call("GET", `/images/${image.id}`)).toMatchObject(refusal(404, "not_found"));
  expect((await call("GET", `/servers/${id}`)).body.server).toMatchObject({
    image: { id: image.id, deleted: expect.any(String) },
  });
});

test("a protected snapshot is not deleted; images of the vendor never are", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const id = await createServer(client, { name: "pc1" });
  const { image } = await done("POST", `/servers/${id}/actions/create_image`);
  const path = `/images/${image.id}`;

  await done("POST", `${path}/actions/change_protection`, { delete: true });
  expect(await call("DELETE", path)).toMatchObject(refusal(423, "protected"));
  await done("PUT", path, { description: "new", labels: { a: "1" } });
  expect((await call("GET", path)).body.image).toMatchObject({
    description: "new",
    labels: { a: "1" },
  });
  expect(await call("DELETE", "/images/101")).toMatchObject(refusal(403, "forbidden"));
  expect(await call("POST", "/images/101/actions/change_protection", {})).toMatchObject(
    refusal(422, "unsupported_error"),
  );
});

test("seven backups are kept, bound to their server, and go with it", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const id = await createServer(client, { name: "pc1" });
  const create = `/servers/${id}/actions/create_image`;
  expect(await call("POST", create, { type: "backup" })).toMatchObject(
    refusal(422, "invalid_input", "type"),
  );
  await done("POST", `/servers/${id}/actions/enable_backup`);
  const ids: number[] = [];
  for (let n = 0; n < 8; n++) ids.push((await done("POST", create, { type: "backup" })).image.id);
  const kept = async () => {
    const { body } = await call("GET", `/images?bound_to=${id}`);
    return (body as unknown as { images: { id: number }[] }).images.map((image) => image.id);
  };
  expect(await kept()).toEqual(ids.slice(1));

  await done("PUT", `/images/${ids[1]}`, { type: "snapshot" });
  await done("DELETE", `/servers/${id}`);
  expect(await kept()).toEqual([]);
  expect((await call("GET", `/images/${ids[1]}`)).body.image).toMatchObject({ type: "snapshot" });
});
