import { expect, test } from "vitest";
import { createServer, KEYS, refusal, SERVER, startDouble } from "../hcloud-double.test.kit.ts";

test("a new server runs after its actions, one after the other", async () => {
  const { call, done, double } = await startDouble();
  const { network } = await done("POST", "/networks", {
    name: "lan",
    ip_range: "10.0.0.0/16",
    subnets: [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }],
  });
  const { firewall } = await done("POST", "/firewalls", { name: "fw" });
  const creating = double.actionFaults.hang("create_server");

  const { status, body } = await call("POST", "/servers", {
    ...SERVER,
    name: "pc1",
    networks: [network.id],
    firewalls: [{ firewall: firewall.id }],
  });

  expect(status).toBe(201);
  expect(body.server).toMatchObject({ status: "initializing", locked: true, private_net: [] });
  expect(body.action).toMatchObject({
    command: "create_server",
    status: "running",
    finished: null,
  });
  expect(body.next_actions.map(({ command }) => command)).toEqual([
    "start_server",
    "attach_to_network",
    "apply_firewall",
  ]);
  expect(body.root_password).toEqual(expect.any(String));

  const ids = [body.action, ...body.next_actions].map(({ id }) => `id=${id}`).join("&");
  const statuses = async () =>
    (await call("GET", `/actions?${ids}&sort=id`)).body.actions.map((action) => action.status);
  expect(await statuses()).toEqual(["running", "running", "running", "running"]);
  creating.release();
  await double.project.actions.settle();
  expect(await statuses()).toEqual(["success", "success", "success", "success"]);
  expect((await call("GET", `/servers/${body.server.id}`)).body.server).toMatchObject({
    status: "running",
    locked: false,
    private_net: [{ network: network.id, ip: "10.0.1.1" }],
    public_net: {
      ipv4: { ip: expect.stringMatching(/^198\.1[89]\./) },
      ipv6: { ip: expect.stringMatching(/^2001:db8:/) },
      firewalls: [{ id: firewall.id, status: "applied" }],
    },
    primary_disk_size: 40,
  });
});

test("action ids do not fit into 32 bits", async () => {
  const { done } = await startDouble();
  const { action } = await done("POST", "/servers", { ...SERVER, name: "pc1" });
  expect(action.id).toBeGreaterThan(2 ** 32);
});

test("a server that is not started ends off", async () => {
  const { call, done } = await startDouble();
  const { server, next_actions } = await done("POST", "/servers", {
    ...SERVER,
    name: "pc1",
    start_after_create: false,
  });
  expect(next_actions).toEqual([]);
  expect((await call("GET", `/servers/${server.id}`)).body.server).toMatchObject({ status: "off" });
});

test("SSH keys, by id or name, take the place of a root password", async () => {
  const { done, double } = await startDouble();
  const { ssh_key: one } = await done("POST", "/ssh_keys", { name: "one", public_key: KEYS[0] });
  await done("POST", "/ssh_keys", { name: "two", public_key: KEYS[1] });

  const { root_password } = await done("POST", "/servers", {
    ...SERVER,
    name: "pc1",
    ssh_keys: [one.id, "two"],
  });
  expect(root_password).toBeNull();
  expect(double.project.servers.all[0]?.authorizedKeys).toEqual(KEYS);
});

test.for<[string, object, number, string, string?]>([
  ["no host name", { name: "a_b" }, 422, "invalid_input", "name"],
  ["a host name with an empty part", { name: "a..b" }, 422, "invalid_input", "name"],
  ["a part of 64 characters", { name: "a".repeat(64) }, 422, "invalid_input", "name"],
  ["no name", { name: null }, 422, "invalid_input", "name"],
  ["33 KiB of user data", { user_data: "ä".repeat(17_000) }, 422, "invalid_input", "user_data"],
  ["an unknown location", { location: "moon" }, 422, "invalid_input", "location"],
  ["an unknown image", { image: "plan9" }, 422, "invalid_input", "image"],
  ["an image for arm", { image: 102 }, 422, "invalid_input", "image"],
  ["an unknown server type", { server_type: "cx99" }, 422, "invalid_input", "server_type"],
  ["a withdrawn server type", { server_type: "cx22" }, 422, "invalid_input", "server_type"],
  ["a server type elsewhere", { location: "ash" }, 422, "invalid_input", "location"],
  ["an unknown SSH key", { ssh_keys: ["none"] }, 422, "invalid_input", "ssh_keys"],
  ["an unknown network", { networks: [5] }, 422, "invalid_input", "networks"],
  ["an unknown firewall", { firewalls: [{ firewall: 5 }] }, 422, "invalid_input", "firewalls"],
  ["an unknown group", { placement_group: 5 }, 422, "invalid_input", "placement_group"],
  ["a datacenter", { datacenter: "fsn1-dc14" }, 422, "invalid_input", "datacenter"],
  ["a volume", { volumes: [1] }, 422, "invalid_input", "volumes"],
  ["a malformed label", { labels: { a: "b c" } }, 422, "invalid_input", "labels"],
  [
    "no address at all",
    { public_net: { enable_ipv4: false, enable_ipv6: false } },
    422,
    "invalid_input",
    "public_net",
  ],
  ["an unknown primary IP", { public_net: { ipv4: 5 } }, 404, "primary_ip_not_found"],
])("refuses %s, and creates nothing", async ([, more, status, code, field]) => {
  const { call, double } = await startDouble();
  const answer = await call("POST", "/servers", { ...SERVER, name: "pc1", ...more });
  expect(answer).toMatchObject(refusal(status, code, field));
  expect(double.project.servers.all).toEqual([]);
  expect(double.project.primaryIps.all).toEqual([]);
});

test("a server that is not started needs no address yet", async () => {
  const { done, double } = await startDouble();
  const public_net = { enable_ipv4: false, enable_ipv6: false };
  const order = { ...SERVER, name: "pc1", public_net, start_after_create: false };
  const { server } = await done("POST", "/servers", order);
  expect(double.project.servers.byId(server.id)?.status).toBe("off");
});

test("accepts 32 KiB of user data, and ids as text", async () => {
  const { done } = await startDouble();
  const { server } = await done("POST", "/servers", {
    name: "pc1",
    server_type: 114,
    image: "101",
    user_data: "ä".repeat(16 * 1024),
    ssh_keys: null,
  });
  expect(server).toMatchObject({ server_type: { name: "cx23" }, image: { name: "debian-12" } });
});

test("a server type that is sold out is refused there, until it is restocked", async () => {
  const { call, done, double } = await startDouble();
  const order = { ...SERVER, name: "pc1", location: "fsn1" };
  const { catalog } = double.project;
  catalog.sellOut("cx23", "fsn1");

  expect(await call("POST", "/servers", order)).toMatchObject(refusal(412, "resource_unavailable"));
  expect((await call("GET", "/server_types?name=cx23")).body).toMatchObject({
    server_types: [{ locations: [{ name: "fsn1", available: false }, { available: true }, {}] }],
  });
  const { server } = await done("POST", "/servers", { ...order, name: "pc2", location: null });
  expect(server).toMatchObject({ location: { name: "nbg1" } });
  catalog.restock("cx23");
  await done("POST", "/servers", order);
  catalog.sellOut("cx23");
  expect(await call("POST", "/servers", { ...SERVER, name: "pc3" })).toMatchObject(
    refusal(412, "resource_unavailable"),
  );
});

test("more servers than the limit are refused", async () => {
  const client = await startDouble({ serverLimit: 1 });
  await createServer(client, { name: "pc1" });
  expect(await client.call("POST", "/servers", { ...SERVER, name: "pc2" })).toMatchObject(
    refusal(403, "resource_limit_exceeded"),
  );
});

test("if the creation fails, the actions after it fail, and the server stays", async () => {
  const client = await startDouble();
  client.double.actionFaults.fail("create_server", { code: "no_space", message: "no space left" });

  const { server, action, next_actions } = await client.done("POST", "/servers", {
    ...SERVER,
    name: "pc1",
  });
  const { body } = await client.call("GET", `/actions?id=${action.id}&id=${next_actions[0]?.id}`);
  expect(body.actions).toMatchObject([
    { status: "error", error: { code: "no_space", message: "no space left" } },
    { command: "start_server", status: "error" },
  ]);
  expect((await client.call("GET", `/servers/${server.id}`)).body.server).toMatchObject({
    status: "initializing",
    locked: false,
  });
});

test("a deleted server leaves its networks, firewalls and placement group", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const { network } = await done("POST", "/networks", {
    name: "lan",
    ip_range: "10.0.0.0/16",
    subnets: [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }],
  });
  const { firewall } = await done("POST", "/firewalls", { name: "fw" });
  const { placement_group } = await done("POST", "/placement_groups", {
    name: "g",
    type: "spread",
  });
  const id = await createServer(client, {
    name: "pc1",
    networks: [network.id],
    firewalls: [{ firewall: firewall.id }],
    placement_group: placement_group.id,
  });
  const show = async () => [
    (await call("GET", `/networks/${network.id}`)).body.network["servers"],
    (await call("GET", `/firewalls/${firewall.id}`)).body.firewall["applied_to"],
    (await call("GET", `/placement_groups/${placement_group.id}`)).body.placement_group["servers"],
  ];
  expect(await show()).toEqual([[id], [{ type: "server", server: { id } }], [id]]);

  await done("DELETE", `/servers/${id}`);
  expect(await show()).toEqual([[], [], []]);
  expect(await call("DELETE", `/firewalls/${firewall.id}`)).toMatchObject({ status: 204 });
  await done("POST", `/networks/${network.id}/actions/delete_subnet`, { ip_range: "10.0.1.0/24" });
});

test("names are unique until the delete action has ended", async () => {
  const client = await startDouble();
  const { call, done, double } = client;
  const id = await createServer(client, { name: "pc1" });
  const taken = refusal(409, "uniqueness_error", "name");
  expect(await call("POST", "/servers", { ...SERVER, name: "pc1" })).toMatchObject(taken);
  const other = await createServer(client, { name: "pc2" });
  expect(await call("PUT", `/servers/${other}`, { name: "pc1" })).toMatchObject(taken);

  const deleting = double.actionFaults.hang("delete_server");
  expect(await call("DELETE", `/servers/${id}`)).toMatchObject({ status: 200 });
  expect((await call("GET", `/servers/${id}`)).body.server).toMatchObject({ status: "deleting" });
  expect(await call("POST", "/servers", { ...SERVER, name: "pc1" })).toMatchObject(taken);
  deleting.release();
  await double.project.actions.settle();
  expect(await call("GET", `/servers/${id}`)).toMatchObject(refusal(404, "not_found"));
  await done("POST", "/servers", { ...SERVER, name: "pc1" });
});
