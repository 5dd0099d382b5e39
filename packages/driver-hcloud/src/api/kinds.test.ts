import { expect, test } from "vitest";
import { page, refusal, startCloud } from "./call/cloud.test.kit.ts";
import { deleteFirewall, listFirewalls, removeFirewallFrom } from "./firewalls.ts";
import { deleteImage, listImages } from "./images.ts";
import { listLocations } from "./locations.ts";
import { deleteNetwork, listNetworks, protectNetwork } from "./networks.ts";
import { deletePlacementGroup, listPlacementGroups } from "./placement-groups.ts";
import { readPricing } from "./pricing.ts";
import { deletePrimaryIp, listPrimaryIps, unassignPrimaryIp } from "./primary-ips.ts";
import * as replies from "./replies.test.kit.ts";
import { listServerTypes } from "./server-types.ts";
import { listSshKeys } from "./ssh-keys.ts";

test.each([
  ["firewalls", replies.firewall(), listFirewalls],
  ["images", replies.image(), listImages],
  ["networks", replies.network(), listNetworks],
  ["placement_groups", replies.placementGroup(), listPlacementGroups],
  ["primary_ips", replies.primaryIp(), listPrimaryIps],
  ["ssh_keys", replies.sshKey(), listSshKeys],
  ["locations", replies.location(), listLocations],
  ["server_types", replies.serverType(), listServerTypes],
])("reads %s as the API sends them", async (many, sample, list) => {
  const cloud = await startCloud(() => page(many, [sample]));
  const found = await list(cloud.client);
  expect(found).toHaveLength(1);
  expect(sample).toMatchObject(found[0] ?? {});
  expect(cloud.lines()).toEqual([`GET /${many}`]);
});

test.each([
  ["firewalls", deleteFirewall],
  ["images", deleteImage],
  ["networks", deleteNetwork],
  ["placement_groups", deletePlacementGroup],
  ["primary_ips", deletePrimaryIp],
])("deletes one of %s", async (many, remove) => {
  const cloud = await startCloud(() => ({ status: 204 }));
  await expect(remove(cloud.client, { of: { id: 5 } })).resolves.toEqual([]);
  expect(cloud.lines()).toEqual([`DELETE /${many}/5`]);
});

test("a primary IP that is unassigned has no server", async () => {
  const cloud = await startCloud(() => page("primary_ips", [replies.primaryIp()]));
  const [found] = await listPrimaryIps(cloud.client);
  expect(found?.assignee_id).toBeNull();
});

test("a primary IP that is assigned is not deleted, and the hint says what to do", async () => {
  const cloud = await startCloud(() => refusal(422, "must_be_unassigned"));
  const of = { id: 1006, name: "v4" };
  await expect(deletePrimaryIp(cloud.client, { of })).rejects.toMatchObject({
    summary: 'Hetzner Cloud refused to delete the primary IP "v4" (1006): must_be_unassigned.',
    hint: "unassign the address first",
  });
});

test("a firewall may come without labels", async () => {
  const cloud = await startCloud(() =>
    page("firewalls", [replies.firewall({ labels: undefined })]),
  );
  await expect(listFirewalls(cloud.client)).resolves.toMatchObject([{ id: 1020, labels: {} }]);
});

test("a firewall that is in use must be detached first", async () => {
  const cloud = await startCloud(({ line }) =>
    line.startsWith("DELETE")
      ? refusal(422, "resource_in_use")
      : { status: 201, body: { actions: [replies.action({ command: "remove_firewall" })] } },
  );
  const of = { id: 1020, name: "f" };
  await expect(deleteFirewall(cloud.client, { of })).rejects.toMatchObject({
    apiCode: "resource_in_use",
  });
  await expect(removeFirewallFrom(cloud.client, { of, servers: [1001] })).resolves.toHaveLength(1);
  expect(cloud.calls[1]).toMatchObject({
    line: "POST /firewalls/1020/actions/remove_from_resources",
    body: { remove_from: [{ type: "server", server: { id: 1001 } }] },
  });
});

test("networks are protected, and addresses unassigned, by an action", async () => {
  const cloud = await startCloud(() => ({ status: 201, body: { action: replies.action() } }));
  await protectNetwork(cloud.client, { of: { id: 1012 }, isProtected: false });
  await unassignPrimaryIp(cloud.client, { of: { id: 1006 } });
  expect(cloud.calls.map(({ line, body }) => [line, body])).toEqual([
    ["POST /networks/1012/actions/change_protection", { delete: false }],
    ["POST /primary_ips/1006/actions/unassign", {}],
  ]);
});

test("a server type says where there is room at the moment", async () => {
  const withdrawn = {
    name: "nbg1",
    available: false,
    deprecation: { unavailable_after: "2026-01-01" },
  };
  const type = replies.serverType({ locations: [withdrawn] });
  const cloud = await startCloud(() => page("server_types", [type]));
  const [found] = await listServerTypes(cloud.client);
  expect(found?.locations).toEqual([withdrawn]);
});

test("prices are decimal texts, per location, with and without tax", async () => {
  const price = { net: "0.0047840000", gross: "0.0056929600" };
  const prices = [{ location: "fsn1", price_hourly: price, price_monthly: price }];
  const pricing = {
    currency: "EUR",
    image: { price_per_gb_month: price },
    server_types: [{ name: "cx23", prices }],
    primary_ips: [{ type: "ipv4", prices }],
  };
  const cloud = await startCloud(() => ({ body: { pricing: { ...pricing, vat_rate: "19.0" } } }));
  await expect(readPricing(cloud.client)).resolves.toEqual(pricing);
});
