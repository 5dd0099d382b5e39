import { expect, test } from "vitest";
import {
  authority,
  createMachineServer,
  OWNER_ID,
  startProject,
  TWO_MACHINES,
  type Project,
} from "../double.test.kit.ts";
import { protectServer } from "../api/server-actions.ts";
import { copyLabels, OWNER } from "../labels.ts";
import { discardResource } from "./discard-resource.ts";
import { findResources } from "./find-resources.ts";

const { signal } = new AbortController();
const find = ({ client }: Project) => findResources(client, TWO_MACHINES, signal);

/** Creates what Terraform creates beside the servers. */
async function createOthers({ double }: Project): Promise<void> {
  const labels = { ...copyLabels(TWO_MACHINES), [OWNER]: OWNER_ID };
  const post = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${double.endpoint}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${double.token}` },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).toBeLessThan(300);
  };
  const subnet = { type: "cloud", ip_range: "10.77.0.0/24", network_zone: "eu-central" };
  await post("/networks", { name: "pcs-1", labels, ip_range: "10.77.0.0/16", subnets: [subnet] });
  await post("/firewalls", { name: "pcs-1", labels });
  await post("/firewalls", { name: "other", labels: { ...labels, "vmrig-copy": "pcs-2" } });
  await post("/placement_groups", { name: "pcs-1", labels, type: "spread" });
}

test("all resources of a copy are found with the ids that Terraform imports, servers last", async () => {
  const project = await startProject();
  await createOthers(project);
  await createMachineServer(project, "pc1");
  const found = await find(project);
  expect(found.map(({ address }) => address)).toEqual([
    "hcloud_ssh_key.vmrig_control",
    "hcloud_network.vmrig_lan",
    "hcloud_network_subnet.vmrig_subnet",
    "hcloud_firewall.vmrig_firewall",
    "hcloud_placement_group.vmrig_group",
    "hcloud_server.pc1",
  ]);
  expect(found.every(({ owner }) => owner === OWNER_ID)).toBe(true);
  expect(found.find(({ address }) => address.includes("subnet"))?.id).toMatch(
    /^\d+-10\.77\.0\.0\/24$/,
  );
});

test("everything that was found can be deleted, also a protected server", async () => {
  const project = await startProject();
  await createOthers(project);
  const server = await createMachineServer(project, "pc1");
  await protectServer(project.client, { of: server, isProtected: true });
  for (const found of (await find(project)).toReversed())
    await discardResource(project.client, { copy: TWO_MACHINES, found }, authority(3));
  expect(await find(project)).toEqual([]);
});

test("what belongs to another copy by now is not deleted", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1");
  const [found] = (await find(project)).slice(-1);
  const other = { ...TWO_MACHINES, copy: "pcs-2" };
  await discardResource(
    project.client,
    { copy: other, found: found ?? expect.unreachable() },
    authority(3),
  );
  expect((await find(project)).some(({ address }) => address === "hcloud_server.pc1")).toBe(true);
});

test("a lease that is over deletes no server", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: { "vmrig-fence": "9" } });
  const [found] = (await find(project)).slice(-1);
  await expect(
    discardResource(
      project.client,
      { copy: TWO_MACHINES, found: found ?? expect.unreachable() },
      authority(8),
    ),
  ).rejects.toMatchObject({ code: "FENCED" });
});
