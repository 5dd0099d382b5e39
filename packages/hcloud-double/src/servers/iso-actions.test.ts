import { expect, test } from "vitest";
import { createServer, refusal, startDouble } from "../hcloud-double.test.kit.ts";

test("an ISO is attached, replaced by another one, and detached", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const id = await createServer(client, { name: "pc1" });
  const act = `/servers/${id}/actions`;
  const iso = async () => (await call("GET", `/servers/${id}`)).body.server["iso"];

  await done("POST", `${act}/attach_iso`, { iso: "debian-13.1.0-amd64-netinst.iso" });
  expect(await iso()).toMatchObject({ id: 201 });
  await done("POST", `${act}/attach_iso`, { iso: 203 });
  expect(await iso()).toMatchObject({ name: "virtio-drivers.iso" });
  await done("POST", `${act}/detach_iso`);
  expect(await iso()).toBeNull();
  expect((await call("POST", `${act}/detach_iso`)).body.action).toMatchObject({
    status: "success",
  });
  expect(await call("POST", `${act}/attach_iso`, { iso: 202 })).toMatchObject(
    refusal(422, "invalid_input", "iso"),
  );
});

test("the list of ISOs is for an architecture, with those for all if they are asked for", async () => {
  const { call } = await startDouble();
  const ids = async (query: string) => {
    const { body } = await call("GET", `/isos?${query}`);
    return (body as unknown as { isos: { id: number }[] }).isos.map(({ id }) => id);
  };
  expect(await ids("architecture=arm")).toEqual([202]);
  expect(await ids("architecture=arm&include_architecture_wildcard=True")).toEqual([202, 203]);
  expect(await ids("")).toEqual([201, 202, 203]);
});
