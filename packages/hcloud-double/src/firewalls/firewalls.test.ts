import { expect, test } from "vitest";
import { createServer, refusal, startDouble, type Client } from "../hcloud-double.test.kit.ts";

const SSH = { direction: "in", protocol: "tcp", port: "22", source_ips: ["0.0.0.0/0", "::/0"] };
const bySelector = (selector: string) => [{ type: "label_selector", label_selector: { selector } }];
const byServer = (id: number) => [{ type: "server", server: { id } }];

async function createFirewall({ done }: Client, more: object = {}): Promise<number> {
  const { firewall } = await done("POST", "/firewalls", { name: "fw", rules: [SSH], ...more });
  return firewall.id;
}

const applied = async ({ call }: Client, server: number) =>
  (await call("GET", `/servers/${server}`)).body.server["public_net"];

test.for<[string, object]>([
  ["a direction", { direction: "up" }],
  ["a protocol", { protocol: "http" }],
  ["a port of tcp", { port: null }],
  ["a port of at least 1", { port: "0" }],
  ["a port of at most 65535", { port: "65536" }],
  ["a range that ascends", { port: "9-8" }],
  ["no port of icmp", { protocol: "icmp" }],
  ["a block, not an address", { source_ips: ["10.0.0.1"] }],
  ["a block without host bits", { source_ips: ["::1/0"] }],
  ["sources", { source_ips: [] }],
  ["no destinations", { destination_ips: ["::/0"] }],
  ["at most 100 blocks", { source_ips: Array(101).fill("::/0") }],
  ["a description of at most 255 characters", { description: "x".repeat(256) }],
])("a rule needs %s", async ([, change]) => {
  const { call } = await startDouble();
  const answer = await call("POST", "/firewalls", { name: "f", rules: [{ ...SSH, ...change }] });
  expect(answer).toMatchObject(refusal(422, "invalid_input"));
});

test("rules are shown in their canonical form, and at most 50", async () => {
  const { call, done } = await startDouble();
  const rule = { ...SSH, port: "80-85", source_ips: ["2001:0DB8:0::/32", "10.0.0.1/32"] };
  const { firewall, actions } = await done("POST", "/firewalls", { name: "f", rules: [rule] });
  expect(actions.map(({ command }) => command)).toEqual(["set_firewall_rules"]);
  expect(firewall["rules"]).toEqual([
    {
      ...rule,
      source_ips: ["2001:db8::/32", "10.0.0.1/32"],
      destination_ips: [],
      description: null,
    },
  ]);
  const path = `/firewalls/${firewall.id}/actions/set_rules`;
  expect(await call("POST", path, { rules: Array.from({ length: 51 }, () => SSH) })).toMatchObject(
    refusal(422, "invalid_input", "rules"),
  );
  await done("POST", path, { rules: null });
  expect((await call("GET", `/firewalls/${firewall.id}`)).body.firewall["rules"]).toEqual([]);
});

test("a firewall follows the labels of servers", async () => {
  const client = await startDouble();
  const { call, done, double } = client;
  const { actions } = await done("POST", "/firewalls", {
    name: "fw",
    apply_to: bySelector("vmrig-rig=pcs"),
  });
  expect(actions.map(({ command }) => command)).toEqual(["set_firewall_rules", "apply_firewall"]);
  const firewall = double.project.firewalls.all[0]?.id;
  const id = await createServer(client, { name: "pc1", labels: { "vmrig-rig": "pcs" } });
  expect(await applied(client, id)).toMatchObject({
    firewalls: [{ id: firewall, status: "applied" }],
  });
  expect((await call("GET", `/firewalls/${firewall}`)).body.firewall).toMatchObject({
    applied_to: [
      {
        type: "label_selector",
        label_selector: { selector: "vmrig-rig=pcs" },
        applied_to_resources: [{ type: "server", server: { id } }],
      },
    ],
  });
  expect(
    await call("POST", `/firewalls/${firewall}/actions/remove_from_resources`, {
      remove_from: byServer(id),
    }),
  ).toMatchObject(refusal(422, "firewall_managed_by_label_selector"));

  await done("PUT", `/servers/${id}`, { labels: {} });
  expect(await applied(client, id)).toMatchObject({ firewalls: [] });
});

test("a firewall that a selector brings does not lock the server", async () => {
  const client = await startDouble();
  const { call, double } = client;
  await createFirewall(client, { apply_to: bySelector("a") });
  const id = await createServer(client, { name: "pc1" });
  const applying = double.actionFaults.hang("apply_firewall");
  await call("PUT", `/servers/${id}`, { labels: { a: "" } });
  expect((await call("GET", `/servers/${id}`)).body.server).toMatchObject({
    locked: false,
    public_net: { firewalls: [{ status: "pending" }] },
  });
  applying.release();
});

test("new rules are pending on each server until they are applied", async () => {
  const client = await startDouble();
  const { call, double } = client;
  const id = await createServer(client, { name: "pc1" });
  const firewall = await createFirewall(client, { apply_to: byServer(id) });
  const applying = double.actionFaults.hang("apply_firewall");

  const { body } = await call("POST", `/firewalls/${firewall}/actions/set_rules`, { rules: [SSH] });
  expect(body.actions.map(({ command }) => command)).toEqual([
    "set_firewall_rules",
    "apply_firewall",
  ]);
  expect(await applied(client, id)).toMatchObject({ firewalls: [{ status: "pending" }] });
  applying.release();
  await double.project.actions.settle();
  expect(await applied(client, id)).toMatchObject({ firewalls: [{ status: "applied" }] });
});

test("a firewall is applied once to a server that exists and has a public address", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const { network } = await done("POST", "/networks", {
    name: "lan",
    ip_range: "10.0.0.0/16",
    subnets: [{ type: "cloud", network_zone: "eu-central" }],
  });
  const id = await createServer(client, { name: "pc1" });
  const inside = await createServer(client, {
    name: "pc2",
    networks: [network.id],
    public_net: { enable_ipv4: false, enable_ipv6: false },
  });
  const firewall = await createFirewall(client);
  const apply = (apply_to: object) =>
    call("POST", `/firewalls/${firewall}/actions/apply_to_resources`, { apply_to });

  expect(await apply(byServer(5))).toMatchObject(refusal(404, "firewall_resource_not_found"));
  expect(await call("POST", "/firewalls", { name: "g", apply_to: byServer(5) })).toMatchObject(
    refusal(422, "firewall_resource_not_found"),
  );
  expect(await apply([...byServer(id), ...byServer(id)])).toMatchObject(
    refusal(422, "server_already_added"),
  );
  expect(await apply(byServer(inside))).toMatchObject(refusal(422, "private_net_only_server"));
  await done("POST", `/firewalls/${firewall}/actions/apply_to_resources`, {
    apply_to: byServer(id),
  });
  expect(await apply(byServer(id))).toMatchObject(refusal(422, "firewall_already_applied"));
});

test("a server has at most five firewalls", async () => {
  const client = await startDouble();
  const id = await createServer(client, { name: "pc1" });
  for (let n = 0; n < 5; n++)
    await createFirewall(client, { name: `f${n}`, apply_to: byServer(id) });
  expect(
    await client.call("POST", "/firewalls", { name: "f5", apply_to: byServer(id) }),
  ).toMatchObject(refusal(403, "resource_limit_exceeded"));
});

test("a firewall is deleted only when it is applied nowhere", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const id = await createServer(client, { name: "pc1" });
  const firewall = await createFirewall(client, {
    apply_to: [...byServer(id), ...bySelector("a")],
  });
  const path = `/firewalls/${firewall}`;
  const remove = (remove_from: object) =>
    done("POST", `${path}/actions/remove_from_resources`, { remove_from });

  await remove(byServer(id));
  expect(await applied(client, id)).toMatchObject({ firewalls: [] });
  expect(await call("DELETE", path)).toMatchObject(refusal(422, "resource_in_use"));
  await remove(bySelector("a"));
  const again = await call("POST", `${path}/actions/remove_from_resources`, {
    remove_from: byServer(id),
  });
  expect(again.body.actions).toMatchObject([{ command: "remove_firewall", status: "success" }]);
  expect(await call("DELETE", path)).toMatchObject({ status: 204 });
});

test("a firewall under change refuses another name", async () => {
  const client = await startDouble();
  const { call, double } = client;
  const path = `/firewalls/${await createFirewall(client)}`;
  const setting = double.actionFaults.hang("set_firewall_rules");
  await call("POST", `${path}/actions/set_rules`, { rules: [] });
  expect(await call("PUT", path, { name: "g" })).toMatchObject(refusal(409, "conflict"));
  setting.release();
  await double.project.actions.settle();
  expect(await call("PUT", path, { name: "g" })).toMatchObject({ status: 200 });
});
