import { expect, test, vi } from "vitest";
import { protectServer } from "./api/server-actions.ts";
import { listServers, updateServer, type Server } from "./api/servers.ts";
import { startProject, TWO_MACHINES, OPTIONS, SECRET } from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";
import { firstHostKey } from "./keys.ts";
import { publishRecord, setUpTeam, type Team } from "./provisioning.test.kit.ts";

const NOTHING = { created: [], adopted: [], updated: [], replaced: [], deleted: [] };
const ALL = ["pcs-1-pc1", "pcs-1-pc2"];

/** Checks that each resource exists once, and that the next run changes nothing. */
async function expectWhole(team: Team): Promise<void> {
  const { project } = team.double;
  expect(team.servers()).toEqual(ALL);
  for (const kind of ["networks", "firewalls", "placementGroups", "sshKeys"] as const)
    expect(project[kind].all).toHaveLength(1);
  expect(await team.run().provision()).toMatchObject(NOTHING);
}

test("the first run creates the rig, and the second one, from another home, changes nothing", async () => {
  const team = await setUpTeam();
  const before = team.double.calls.length;
  const { created } = await team.run().provision();
  const changes = team.double.calls.slice(before).filter(({ method }) => method !== "GET");
  expect(changes, "killed-provisioning.test.ts kills after each of them").toHaveLength(11);
  expect(created).toEqual([
    "hcloud_firewall.vmrig_firewall",
    "hcloud_network.vmrig_lan",
    "hcloud_network_subnet.vmrig_subnet",
    "hcloud_placement_group.vmrig_group",
    "hcloud_server.pc1",
    "hcloud_server.pc2",
    "hcloud_ssh_key.vmrig_control",
  ]);
  await expectWhole(team);
  for (const server of await listServers(team.client)) {
    expect(server).toMatchObject({
      protection: { delete: true, rebuild: true },
      public_net: { ipv6: null },
      labels: {
        "vmrig-rig": "pcs",
        "vmrig-copy": "pcs-1",
        "vmrig-owner": expect.stringMatching(/^[\da-f-]{36}$/),
        "vmrig-image": "recipe-1",
        "vmrig-disk": "recipe-1",
        "vmrig-boot": expect.stringMatching(/^[\da-f]{32}$/),
      },
    });
    expect(server.private_net.map(({ ip }) => ip)).toEqual([
      server.labels["vmrig-machine"] === "pc1" ? "10.77.0.11" : "10.77.0.12",
    ]);
  }
});

test("labels that vmrig sets by the API are no change for Terraform", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  for (const server of team.double.project.servers.all)
    server.labels = {
      ...server.labels,
      "vmrig-fence": "77",
      "vmrig-host-key": "ed25519.x.key",
      "vmrig-snapshots": "pristine",
      "vmrig-disconnected": "yes",
    };
  expect(await team.run().provision()).toMatchObject(NOTHING);
});

test("another image only changes a label: vmrig writes it to the disks later", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  await publishRecord(team, "recipe-2");
  expect(await team.run().provision()).toMatchObject({
    ...NOTHING,
    updated: ["hcloud_server.pc1", "hcloud_server.pc2"],
  });
  const [server] = await listServers(team.client);
  expect(server?.labels).toMatchObject({ "vmrig-image": "recipe-2", "vmrig-disk": "recipe-1" });
});

test("a sold-out server type is replaced by the next one, with one line", async () => {
  const team = await setUpTeam();
  const soldOut = { kind: "refuse", status: 412, code: "resource_unavailable" } as const;
  for (const _server of [1, 2])
    team.double.requestFaults.add({ method: "POST", path: /^\/servers$/ }, soldOut);
  await team.run().provision();
  expect(team.output).toContain(
    "again: no room for cx23 in fsn1; trying cpx22 in fsn1 for pc1, pc2",
  );
  const servers = await listServers(team.client);
  expect(servers.map(({ server_type, location }) => [server_type.name, location.name])).toEqual([
    ["cpx22", "fsn1"],
    ["cpx22", "fsn1"],
  ]);
  await expectWhole(team);
});

test("when everything is sold out, the error names the last reason, and nothing is left half", async () => {
  const team = await setUpTeam();
  const soldOut = { kind: "refuse", status: 412, code: "resource_unavailable" } as const;
  for (let count = 0; count < 8; count += 1)
    team.double.requestFaults.add({ method: "POST", path: /^\/servers$/ }, soldOut);
  await expect(team.run().provision()).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    message: expect.stringContaining("resource_unavailable"),
  });
  expect(team.output.filter((line) => line.startsWith("again: "))).toEqual([
    "again: no room for cx23 in fsn1; trying cpx22 in fsn1 for pc1, pc2",
    "again: no room for cpx22 in fsn1; trying cx23 in nbg1 for pc1, pc2",
    "again: no room for cx23 in nbg1; trying cpx22 in nbg1 for pc1, pc2",
  ]);
  await team.run().provision();
  await expectWhole(team);
});

test("a server stays where it is when the config prefers another place", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const turned = { locations: ["nbg1", "fsn1"], serverTypes: ["cpx22", "cx23"] };
  expect(await team.run(turned).provision()).toMatchObject(NOTHING);
});

test("a network that the config newly lets in is in the firewall after the next run", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const firewall = { ssh: ["198.51.100.0/24", ...OPTIONS.firewall.ssh] };
  const [before, after] = await Promise.all(
    [hcloud(OPTIONS), hcloud({ ...OPTIONS, firewall })].map((driver) =>
      driver.fingerprint(TWO_MACHINES),
    ),
  );
  // The hash of a fingerprint decides whether Terraform runs. The baseline does not depend on it.
  expect(after).toEqual({ ...before, options: expect.stringContaining("198.51.100.0/24") });
  expect(before?.options).not.toContain("198.51.100.0/24");
  expect(await team.run({ firewall }).provision()).toMatchObject({
    ...NOTHING,
    updated: ["hcloud_firewall.vmrig_firewall"],
  });
});

test("a config without the type of a server is refused, because the change restarts it", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  await expect(team.run({ serverTypes: ["cpx22"] }).provision()).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    message: expect.stringContaining("hcloud_server.pc1"),
  });
  expect(team.servers()).toEqual(ALL);
});

test("a server that was deleted by hand is refused, until a person allows to create it", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const [server] = team.double.project.servers.all;
  team.double.project.servers.delete(server ?? expect.unreachable());
  await expect(team.run().provision()).rejects.toMatchObject({ code: "PLAN_REFUSED" });
  await team.run().provision([`hcloud_server.${server?.labels["vmrig-machine"]}`]);
  await expectWhole(team);
});

test("destroy deletes everything, also what is protected", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  await team.run().destroy();
  const { project } = team.double;
  for (const kind of ["servers", "networks", "firewalls", "placementGroups", "sshKeys"] as const)
    expect(project[kind].all).toEqual([]);
});

test("with the token of another project, destroy changes nothing", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const [server] = await listServers(team.client);
  const { double } = await startProject();
  await expect(team.run().destroy()).rejects.toMatchObject({
    code: "STATE_LOST",
    message: expect.stringContaining("another project"),
    hint: expect.stringContaining(`--copy pcs-1 --owner ${server?.labels["vmrig-owner"]}`),
  });
  expect(double.calls.filter(({ method }) => method !== "GET")).toEqual([]);
  vi.stubEnv("HCLOUD_TOKEN", team.double.token);
  vi.stubEnv("HCLOUD_ENDPOINT", team.double.endpoint);
  await expectWhole(team);
});

test("with the token of another project, a run creates no second rig, also with permission", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const servers = await listServers(team.client);
  const other = await startProject();
  await publishRecord(other, "recipe-1");
  const before = other.double.calls.length;
  const all = servers.map(({ labels }) => `hcloud_server.${labels["vmrig-machine"]}`);
  for (const allow of [[], all])
    await expect(team.run().provision(allow)).rejects.toMatchObject({
      code: "STATE_LOST",
      message: expect.stringContaining("another project than the state"),
      details: expect.arrayContaining(
        servers.map(
          ({ id, labels }) => `hcloud_server.${labels["vmrig-machine"]}, ${id}: it is not there`,
        ),
      ),
      hint: expect.stringMatching(/`--allow` would create a second rig\. .* --copy pcs-1 --owner /),
    });
  const changes = other.double.calls.slice(before).filter(({ method }) => method !== "GET");
  expect(changes).toEqual([]);
});

test("a person may replace a protected server", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const [before] = await listServers(team.client, { labels: { "vmrig-machine": "pc1" } });
  await protectServer(team.client, { of: before ?? expect.unreachable(), isProtected: true });
  // Its location is not in the config any more, which forces a replacement.
  await team.run({ locations: ["hel1"] }).provision(["hcloud_server.pc1", "hcloud_server.pc2"]);
  const [after] = await listServers(team.client, { labels: { "vmrig-machine": "pc1" } });
  expect(after?.location.name).toBe("hel1");
  expect(after?.id).not.toBe(before?.id);
  expect(team.servers()).toEqual(ALL);
});

test("a person replaces a server that seems intact, and nothing of the old one is left", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const pc1 = async (): Promise<Server> =>
    (await listServers(team.client, { labels: { "vmrig-machine": "pc1" } }))[0] ??
    expect.unreachable();
  const before = await pc1();
  const labels = {
    "vmrig-fence": "1",
    "vmrig-host-key": "ed25519.x.key",
    "vmrig-snapshots": "pristine",
  };
  await updateServer(team.client, {
    of: before,
    change: { labels: { ...before.labels, ...labels } },
  });
  expect(await team.run().provision([], ["hcloud_server.pc1"])).toMatchObject({
    ...NOTHING,
    replaced: ["hcloud_server.pc1"],
  });
  const after = await pc1();
  expect(after.id).not.toBe(before.id);
  expect(after.labels).toMatchObject({ "vmrig-disk": "recipe-1" });
  for (const [name, value] of Object.entries(labels)) expect(after.labels[name]).not.toBe(value);
  const made = team.double.project.servers.all.find(({ id }) => id === after.id);
  const first = firstHostKey(SECRET, after.labels["vmrig-boot"] ?? "").publicKey;
  expect(made?.userData).toContain(first.split(" ")[1]);
  await expectWhole(team);
});

test("a resource of another owner stops a run", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  for (const server of team.double.project.servers.all)
    server.labels = { ...server.labels, "vmrig-owner": "99999999-2222-4333-8444-555555555555" };
  await expect(team.run().provision()).rejects.toMatchObject({ code: "STATE_LOST" });
});
