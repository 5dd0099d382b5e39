import { expect, test } from "vitest";
import { listNetworks } from "./api/networks.ts";
import { listServers } from "./api/servers.ts";
import { setUpTeam, type Team } from "./provisioning.test.kit.ts";

const NOTHING = { created: [], adopted: [], updated: [], replaced: [], deleted: [] };
const TEN = Array.from({ length: 10 }, (_, index) => `pc${index + 1}`);

/** Terraform does what it can at the same time, and would take an address that is in use. */
const SLOW = { kind: "slow", delayMs: 3_000 } as const;

/** Private addresses by machine. */
async function addresses(team: Team): Promise<Record<string, string | undefined>> {
  const servers = await listServers(team.client);
  return Object.fromEntries(
    servers.map(
      ({ labels, private_net }) => [labels["vmrig-machine"] ?? "", private_net[0]?.ip] as const,
    ),
  );
}

test("an eleventh machine changes nothing of the ten in the placement group, and goes without", async () => {
  const team = await setUpTeam();
  await team.run({}, TEN).provision();
  const [group] = team.double.project.placementGroups.all;
  const grouped = (): string[] =>
    team.double.project.servers.all
      .filter(({ placementGroup }) => placementGroup === group?.id)
      .map(({ name }) => name);
  expect(grouped()).toHaveLength(10);
  const before = grouped();
  const eleven = [...TEN, "pc11"];
  expect(await team.run({}, eleven).provision()).toMatchObject({
    ...NOTHING,
    created: ["hcloud_server.pc11"],
  });
  expect(grouped()).toEqual(before);
  expect(await team.run({}, eleven).provision()).toMatchObject(NOTHING);
});

test("a machine that is renamed gives its address to the new one, once its deletion is allowed", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const renamed = ["pc1", "web"];
  await expect(team.run({}, renamed).provision()).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    details: [expect.stringContaining("hcloud_server.pc2 would be deleted")],
  });
  const before = team.double.calls.length;
  expect(await team.run({}, renamed).provision(["hcloud_server.pc2"])).toMatchObject({
    ...NOTHING,
    created: ["hcloud_server.web"],
    deleted: ["hcloud_server.pc2"],
  });
  expect(await addresses(team)).toEqual({ pc1: "10.77.0.11", web: "10.77.0.12" });
  // Terraform deletes the old server and creates the new one at the same time.
  const changes = team.double.calls.slice(before).map(({ method, path }) => `${method} ${path}`);
  const left = changes.findIndex((change) => change.endsWith("/detach_from_network"));
  expect(left).toBeGreaterThan(0);
  expect(changes.indexOf("POST /servers")).toBeGreaterThan(left);
});

test("a machine that comes first moves the addresses of the others one after the other, and an exchange is refused", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const [pc2] = await listServers(team.client, { labels: { "vmrig-machine": "pc2" } });
  const leaves = new RegExp(`^/servers/${pc2?.id}/actions/detach_from_network$`);
  team.double.requestFaults.add({ method: "POST", path: leaves }, SLOW);
  const three = ["db", "pc1", "pc2"];
  expect(await team.run({}, three).provision()).toMatchObject({
    ...NOTHING,
    created: ["hcloud_server.db"],
    updated: ["hcloud_server.pc1", "hcloud_server.pc2"],
  });
  expect(await addresses(team)).toEqual({ db: "10.77.0.11", pc1: "10.77.0.12", pc2: "10.77.0.13" });

  // Two that exchange their places: none can move first.
  await expect(team.run({}, ["pc1", "db", "pc2"]).provision()).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    details: ["db has 10.77.0.11", "pc1 has 10.77.0.12"],
    hint: expect.stringContaining("earlier order in `machines`"),
  });
});

test("the private network of the config is created, and a change of it is refused", async () => {
  const team = await setUpTeam();
  const network = { range: "192.168.5.0/24" };
  await team.run({ network }).provision();
  expect(await listNetworks(team.client)).toMatchObject([
    { subnets: [{ ip_range: "192.168.5.0/24" }] },
  ]);
  expect(await addresses(team)).toEqual({ pc1: "192.168.5.11", pc2: "192.168.5.12" });
  await expect(team.run().provision()).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    details: expect.arrayContaining([
      expect.stringContaining("hcloud_network.vmrig_lan would be replaced"),
    ]),
  });
});
