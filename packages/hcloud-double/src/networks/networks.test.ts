import { expect, test } from "vitest";
import {
  createServer,
  refusal,
  SERVER,
  startDouble,
  type Client,
} from "../hcloud-double.test.kit.ts";

const CLOUD = { type: "cloud", network_zone: "eu-central" };

async function createNetwork({ done }: Client, more: object = {}): Promise<number> {
  const { network } = await done("POST", "/networks", {
    name: "lan",
    ip_range: "10.0.0.0/16",
    ...more,
  });
  return network.id;
}

test.for<[string, object, string]>([
  ["a public range", { ip_range: "8.8.0.0/16" }, "ip_range"],
  ["host bits", { ip_range: "10.0.0.1/16" }, "ip_range"],
  ["less than a /24", { ip_range: "10.0.0.0/25" }, "ip_range"],
  ["a subnet elsewhere", { subnets: [{ ...CLOUD, ip_range: "10.1.0.0/24" }] }, "ip_range"],
  ["an unknown zone", { subnets: [{ ...CLOUD, network_zone: "moon" }] }, "subnets.0.network_zone"],
  [
    "subnets that overlap",
    {
      subnets: [
        { ...CLOUD, ip_range: "10.0.0.0/23" },
        { ...CLOUD, ip_range: "10.0.1.0/24" },
      ],
    },
    "ip_range",
  ],
])("a network with %s is refused", async ([, more, field]) => {
  const { call } = await startDouble();
  const answer = await call("POST", "/networks", { name: "n", ip_range: "10.0.0.0/16", ...more });
  expect(answer).toMatchObject(refusal(422, "invalid_input", field));
});

test("subnets get the first free /24, and the network's gateway", async () => {
  const client = await startDouble();
  const id = await createNetwork(client);
  for (let n = 0; n < 2; n++)
    await client.done("POST", `/networks/${id}/actions/add_subnet`, CLOUD);
  expect((await client.call("GET", `/networks/${id}`)).body.network).toMatchObject({
    subnets: [
      { ...CLOUD, ip_range: "10.0.0.0/24", gateway: "10.0.0.1", vswitch_id: null },
      { ...CLOUD, ip_range: "10.0.1.0/24", gateway: "10.0.0.1" },
    ],
  });
});

test.for<[string, object, string]>([
  ["an overlap", { ip_range: "10.0.0.0/30" }, "ip_range"],
  ["a /31", { ip_range: "10.0.5.0/31" }, "ip_range"],
  ["the destination of a route", { ip_range: "10.0.9.0/24" }, "ip_range"],
  ["a vSwitch that a cloud subnet has not", { vswitch_id: 5 }, "vswitch_id"],
  ["no vSwitch", { type: "vswitch" }, "vswitch_id"],
])("a subnet with %s is refused", async ([, more, field]) => {
  const client = await startDouble();
  const id = await createNetwork(client, {
    subnets: [CLOUD],
    routes: [{ destination: "10.0.9.0/24", gateway: "10.0.0.9" }],
  });
  const answer = await client.call("POST", `/networks/${id}/actions/add_subnet`, {
    ...CLOUD,
    ...more,
  });
  expect(answer).toMatchObject(refusal(422, "invalid_input", field));
});

test.for<[string, string, string]>([
  ["8.8.8.0/24", "10.0.0.9", "destination"],
  ["10.0.0.0/25", "10.0.0.9", "destination"],
  ["10.9.0.0/16", "10.0.0.9", "destination"],
  ["172.31.0.0/16", "10.0.0.9", "destination"],
  ["10.8.0.0/16", "10.0.0.1", "gateway"],
  ["10.8.0.0/16", "10.8.0.9", "gateway"],
  ["10.8.0.0/16", "nowhere", "gateway"],
])("a route to %s by %s is refused", async ([destination, gateway, field]) => {
  const client = await startDouble();
  const id = await createNetwork(client, {
    subnets: [CLOUD],
    routes: [{ destination: "10.9.0.0/24", gateway: "10.0.0.9" }],
  });
  const body = { destination, gateway };
  expect(await client.call("POST", `/networks/${id}/actions/add_route`, body)).toMatchObject(
    refusal(422, "invalid_input", field),
  );
});

test("a network under change refuses other changes", async () => {
  const client = await startDouble();
  const { call, double } = client;
  const path = `/networks/${await createNetwork(client)}`;
  const adding = double.actionFaults.hang("add_subnet");

  await call("POST", `${path}/actions/add_subnet`, CLOUD);
  expect((await call("GET", path)).body.network).toMatchObject({ subnets: [] });
  const conflict = refusal(409, "conflict");
  expect(await call("POST", `${path}/actions/add_subnet`, CLOUD)).toMatchObject(conflict);
  expect(await call("PUT", path, { name: "wan" })).toMatchObject(conflict);
  adding.release();
  await double.project.actions.settle();
  expect(await call("PUT", path, { name: "wan" })).toMatchObject({
    status: 200,
    body: { network: { name: "wan", subnets: [{ ip_range: "10.0.0.0/24" }] } },
  });
});

test("a subnet with servers refuses its deletion; a network lets its servers go", async () => {
  const client = await startDouble();
  const { call, done } = client;
  const network = await createNetwork(client, { subnets: [CLOUD] });
  const id = await createServer(client, { name: "pc1", networks: [network] });
  const remove = `/networks/${network}/actions/delete_subnet`;

  const refused = await call("POST", remove, { ip_range: "10.0.0.0/24" });
  expect(refused).toMatchObject(refusal(422, "service_error"));
  expect(refused.body.error?.message).toContain("servers are attached");
  expect(await call("POST", remove, { ip_range: "10.0.7.0/24" })).toMatchObject(
    refusal(404, "not_found"),
  );
  await done("POST", `/networks/${network}/actions/change_protection`, { delete: true });
  expect(await call("DELETE", `/networks/${network}`)).toMatchObject(refusal(423, "protected"));
  await done("POST", `/networks/${network}/actions/change_protection`, { delete: false });
  expect(await call("DELETE", `/networks/${network}`)).toMatchObject({ status: 204 });
  expect((await call("GET", `/servers/${id}`)).body.server).toMatchObject({ private_net: [] });
});

test("a network grows only at its end", async () => {
  const client = await startDouble();
  const path = `/networks/${await createNetwork(client)}/actions/change_ip_range`;
  for (const ip_range of ["10.0.0.0/17", "10.4.0.0/14"])
    expect(await client.call("POST", path, { ip_range })).toMatchObject(
      refusal(422, "invalid_input", "ip_range"),
    );
  await client.done("POST", path, { ip_range: "10.0.0.0/12" });
  expect(client.double.project.networks.all[0]?.ipRange).toBe("10.0.0.0/12");
});

test("a server gets the wanted address, or the first one that is free", async () => {
  const client = await startDouble();
  const network = await createNetwork(client, { subnets: [{ ...CLOUD, ip_range: "10.0.0.0/29" }] });
  const attach = async (name: string, wish: object) => {
    const id = await createServer(client, { name });
    return client.call("POST", `/servers/${id}/actions/attach_to_network`, { network, ...wish });
  };
  const taken = refusal(422, "ip_not_available");
  expect(await attach("a", { ip: "10.0.0.2", alias_ips: ["10.0.0.3"] })).toMatchObject({
    status: 201,
  });
  expect(await attach("b", { ip: "10.0.0.2" })).toMatchObject(taken);
  expect(await attach("c", { ip: "10.0.0.3" })).toMatchObject(taken);
  expect(await attach("d", { ip: "10.0.0.1" })).toMatchObject(taken);
  expect(await attach("e", { ip: "10.0.0.7" })).toMatchObject(taken);
  expect(await attach("f", { ip: "10.0.0.9" })).toMatchObject(taken);
  expect(await attach("g", { ip: "10.0.0.9", ip_range: "10.0.0.0/29" })).toMatchObject(
    refusal(422, "invalid_input", "ip"),
  );
  for (const name of ["h", "i", "j"]) expect(await attach(name, {})).toMatchObject({ status: 201 });
  expect(await attach("k", {})).toMatchObject(refusal(422, "no_subnet_available"));
  const ips = client.double.project.servers.all.flatMap(({ attachments }) => attachments);
  expect(ips.map(({ ip }) => ip)).toEqual(["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
});

test("a server finds no subnet in another network zone", async () => {
  const client = await startDouble();
  const network = await createNetwork(client, {
    subnets: [{ type: "cloud", network_zone: "us-east" }],
  });
  expect(
    await client.call("POST", "/servers", { ...SERVER, name: "pc1", networks: [network] }),
  ).toMatchObject(refusal(422, "no_subnet_available"));
});

test("a server is in at most three networks, which do not overlap, and in each once", async () => {
  const client = await startDouble();
  const networks: number[] = [];
  for (let n = 0; n < 4; n++) {
    const ip_range = `10.${n}.0.0/16`;
    networks.push(await createNetwork(client, { name: `n${n}`, ip_range, subnets: [CLOUD] }));
  }
  const overlapping = await createNetwork(client, { name: "wide", ip_range: "10.0.0.0/8" });
  const id = await createServer(client, { name: "pc1", networks: networks.slice(0, 2) });
  const path = `/servers/${id}/actions`;
  const attach = (network?: number) =>
    client.call("POST", `${path}/attach_to_network`, { network });

  expect(await attach(networks[0])).toMatchObject(refusal(422, "server_already_attached"));
  expect(await attach(overlapping)).toMatchObject(refusal(422, "networks_overlap"));
  await client.done("POST", `${path}/attach_to_network`, { network: networks[2] });
  expect(await attach(networks[3])).toMatchObject(refusal(403, "resource_limit_exceeded"));
  await client.done("POST", `${path}/detach_from_network`, { network: networks[0] });
  expect(
    await client.call("POST", `${path}/detach_from_network`, { network: networks[0] }),
  ).toMatchObject(refusal(422, "invalid_input", "network"));
  await client.done("POST", `${path}/attach_to_network`, { network: networks[3] });
});

test("alias addresses are replaced as a whole, at most five", async () => {
  const client = await startDouble();
  const network = await createNetwork(client, { subnets: [CLOUD] });
  const id = await createServer(client, { name: "pc1", networks: [network] });
  const path = `/servers/${id}/actions/change_alias_ips`;
  const aliases = (count: number) => Array.from({ length: count }, (_, n) => `10.0.0.${n + 10}`);

  await client.done("POST", path, { network, alias_ips: aliases(5) });
  await client.done("POST", path, { network, alias_ips: aliases(2) });
  expect((await client.call("GET", `/servers/${id}`)).body.server).toMatchObject({
    private_net: [{ alias_ips: ["10.0.0.10", "10.0.0.11"] }],
  });
  expect(await client.call("POST", path, { network, alias_ips: aliases(6) })).toMatchObject(
    refusal(422, "invalid_input", "alias_ips"),
  );
});
