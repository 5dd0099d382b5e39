import { expect, test } from "vitest";
import { createServer, refusal, SERVER, startDouble } from "../hcloud-double.test.kit.ts";

const IP = { name: "keep", type: "ipv4", location: "fsn1" };

test("addresses of a deleted server go if they have auto_delete, else they are unassigned", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const { primary_ip: keep } = await done("POST", "/primary_ips", IP);
  const wish = { name: "pc1", location: "fsn1", public_net: { ipv4: keep.id } };
  const id = await createServer(client, wish);
  expect((await call("GET", "/primary_ips")).body.primary_ips).toMatchObject([
    { assignee_id: id, assignee_type: "server", auto_delete: false },
    { assignee_id: id, type: "ipv6", auto_delete: true },
  ]);
  expect(await call("DELETE", `/primary_ips/${keep.id}`)).toMatchObject(
    refusal(422, "must_be_unassigned"),
  );
  expect(await call("POST", "/servers", { ...SERVER, ...wish, name: "pc2" })).toMatchObject(
    refusal(422, "primary_ip_assigned"),
  );

  await done("DELETE", `/servers/${id}`);
  expect((await call("GET", "/primary_ips")).body.primary_ips).toMatchObject([
    { id: keep.id, assignee_id: null, assignee_type: "unassigned" },
  ]);
  const next = await createServer(client, wish);
  expect((await call("GET", `/servers/${next}`)).body.server).toMatchObject({
    public_net: { ipv4: { ip: keep.ip } },
  });
});

test("a server takes an address only of the right version and place", async () => {
  const { call, done } = await startDouble();
  const { primary_ip } = await done("POST", "/primary_ips", IP);
  const order = { ...SERVER, name: "pc1", location: "fsn1" };
  expect(
    await call("POST", "/servers", { ...order, public_net: { ipv6: primary_ip.id } }),
  ).toMatchObject(refusal(412, "primary_ip_version_mismatch"));
  expect(
    await call("POST", "/servers", {
      ...order,
      location: "nbg1",
      public_net: { ipv4: primary_ip.id },
    }),
  ).toMatchObject(refusal(422, "primary_ip_datacenter_mismatch"));
});

test("a server gets and gives back an address while it is off", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const id = await createServer(client, {
    name: "pc1",
    location: "fsn1",
    public_net: { enable_ipv4: false },
  });
  const { primary_ip } = await done("POST", "/primary_ips", IP);
  const path = `/primary_ips/${primary_ip.id}`;
  const assignee = { assignee_id: id, assignee_type: "server" };
  expect(await call("POST", `${path}/actions/assign`, assignee)).toMatchObject(
    refusal(422, "server_not_stopped"),
  );

  await done("POST", `/servers/${id}/actions/poweroff`);
  await done("POST", `${path}/actions/assign`, assignee);
  expect((await call("GET", path)).body.primary_ip).toMatchObject({ assignee_id: id });
  expect(await call("POST", `${path}/actions/assign`, assignee)).toMatchObject(
    refusal(422, "primary_ip_already_assigned"),
  );
  const another = { name: "at", type: "ipv6", ...assignee };
  expect(await call("POST", "/primary_ips", another)).toMatchObject(
    refusal(422, "server_has_ipv6"),
  );
  await done("POST", `${path}/actions/unassign`);
  const { action, primary_ip: at } = await done("POST", "/primary_ips", {
    ...another,
    type: "ipv4",
  });
  expect(action).toMatchObject({ command: "create_primary_ip" });
  expect(at).toMatchObject({ location: { name: "fsn1" } });
});

test("a server without any address is not switched on", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const id = await createServer(client, { name: "pc1", public_net: { enable_ipv6: false } });
  await done("POST", `/servers/${id}/actions/poweroff`);
  const [ip] = (await call("GET", "/primary_ips")).body.primary_ips;
  await done("POST", `/primary_ips/${ip?.id}/actions/unassign`);
  expect(await call("POST", `/servers/${id}/actions/poweron`)).toMatchObject(
    refusal(422, "service_error"),
  );
});

test("protection and auto_delete exclude each other", async () => {
  const { call, done } = await startDouble();
  const { primary_ip } = await done("POST", "/primary_ips", IP);
  const path = `/primary_ips/${primary_ip.id}`;
  const protect = (value: boolean) =>
    done("POST", `${path}/actions/change_protection`, { delete: value });

  await protect(true);
  expect(await call("DELETE", path)).toMatchObject(refusal(423, "protected"));
  expect(await call("PUT", path, { auto_delete: true })).toMatchObject(
    refusal(422, "invalid_input", "auto_delete"),
  );
  await protect(false);
  await done("PUT", path, { auto_delete: true });
  expect(await call("POST", `${path}/actions/change_protection`, { delete: true })).toMatchObject(
    refusal(422, "invalid_input", "delete"),
  );
});

test("the name of an address is set and reset", async () => {
  const { call, done } = await startDouble();
  const { primary_ip } = await done("POST", "/primary_ips", IP);
  const { ip } = primary_ip;
  const path = `/primary_ips/${primary_ip.id}`;
  await done("POST", `${path}/actions/change_dns_ptr`, { ip, dns_ptr: "pc1.example.com" });
  expect((await call("GET", path)).body.primary_ip).toMatchObject({
    dns_ptr: [{ ip, dns_ptr: "pc1.example.com" }],
  });
  await done("POST", `${path}/actions/change_dns_ptr`, { ip, dns_ptr: null });
  expect((await call("GET", path)).body.primary_ip["dns_ptr"]).toEqual(primary_ip["dns_ptr"]);
  expect(
    await call("POST", `${path}/actions/change_dns_ptr`, { ip: "192.0.2.1", dns_ptr: "x" }),
  ).toMatchObject(refusal(422, "invalid_input", "ip"));
});
