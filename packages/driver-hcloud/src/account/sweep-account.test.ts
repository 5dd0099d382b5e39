import { expect, test } from "vitest";
import type { AccountResource } from "vmrig/driver";
import { protectServer } from "../api/server-actions.ts";
import { deleteServer, updateServer } from "../api/servers.ts";
import { createMachineServer, OWNER_ID, startProject, type Project } from "../double.test.kit.ts";
import { listed, OF_COPY, post, publishImage } from "./account.test.kit.ts";
import { removeFromAccount } from "./sweep-account.ts";

const { signal } = new AbortController();
const DAY_MS = 86_400_000;

const remove = (project: Project, resource: AccountResource | undefined, fence = 3) =>
  removeFromAccount(project.client, resource ?? expect.unreachable(), { fence, signal });
const typesOf = (found: readonly AccountResource[]) => found.map(({ type }) => type);

/** Creates one of each kind, all in use by the server. */
async function createAll(project: Project): Promise<void> {
  const labels = OF_COPY;
  const server = await createMachineServer(project, "pc1");
  const subnet = { type: "cloud", ip_range: "10.77.0.0/24", network_zone: "eu-central" };
  const range = { ip_range: "10.77.0.0/16", subnets: [subnet] };
  const network = await post(project, "/networks", { name: "pcs-1", labels, ...range });
  await post(project, `/servers/${server.id}/actions/attach_to_network`, { network });
  const apply_to = [{ type: "server", server: { id: server.id } }];
  await post(project, "/firewalls", { name: "pcs-1", labels, apply_to });
  await post(project, "/placement_groups", { name: "pcs-1", labels, type: "spread" });
  const address = { name: "spare", labels, type: "ipv4", location: "fsn1" };
  await post(project, "/primary_ips", address);
  await project.double.project.actions.settle();
  await protectServer(project.client, { of: server, isProtected: true });
}

test("everything with labels of a copy is listed with its price, and can be removed in that order", async () => {
  const project = await startProject();
  await createAll(project);
  const found = await listed(project);
  expect(typesOf(found)).toEqual([
    "hcloud_server",
    "hcloud_primary_ip",
    "hcloud_firewall",
    "hcloud_network",
    "hcloud_placement_group",
    "hcloud_ssh_key",
  ]);
  for (const { belongs } of found)
    expect(belongs).toEqual({ to: "copy", rig: "pcs", copy: "pcs-1", owner: OWNER_ID });
  expect(found.map(({ monthly }) => monthly?.net)).toEqual([
    2.99 + 0.5,
    0.5,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const resource of found) await remove(project, resource);
  expect(await listed(project)).toEqual([]);
  await remove(project, found[0]); // what is gone is removed
});

test("a network and a firewall that a server uses are not removed", async () => {
  const project = await startProject();
  await createAll(project);
  const found = await listed(project);
  for (const type of ["hcloud_network", "hcloud_firewall"])
    await expect(
      remove(
        project,
        found.find((one) => one.type === type),
      ),
    ).rejects.toMatchObject({
      code: "CLOUD_REFUSED",
      summary: expect.stringContaining("is still used by server") as string,
    });
  expect(await listed(project)).toHaveLength(found.length);
});

test("a server that got another owner since is not removed", async () => {
  const project = await startProject();
  const server = await createMachineServer(project, "pc1");
  const [found] = await listed(project);
  const labels = { ...server.labels, "vmrig-owner": "another" };
  await updateServer(project.client, { of: server, change: { labels } });
  await expect(remove(project, found)).rejects.toMatchObject({ code: "CLOUD_REFUSED" });
  expect(typesOf(await listed(project))).toContain("hcloud_server");
});

test("a server of a later lease is not removed", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: { "vmrig-fence": "9" } });
  const [found] = await listed(project);
  await expect(remove(project, found, 8)).rejects.toMatchObject({ code: "FENCED" });
});

test("an address that no server has is shown, because it is billed, and never removed without a label", async () => {
  const project = await startProject();
  await post(project, "/primary_ips", { name: "web", type: "ipv4", location: "fsn1" });
  const [found] = await listed(project);
  expect(found).toMatchObject({
    belongs: { to: "others", why: "it is assigned to no server, and is billed nevertheless" },
    monthly: { net: 0.5 },
  });
  await expect(remove(project, found)).rejects.toMatchObject({ code: "CLOUD_REFUSED" });
});

test("servers and keys without a label of vmrig are not listed", async () => {
  const project = await startProject();
  const server = await createMachineServer(project, "pc1");
  await updateServer(project.client, { of: server, change: { labels: { team: "web" } } });
  expect(typesOf(await listed(project))).toEqual(["hcloud_ssh_key"]);
});

test("the server and the key of a publish are listed only after its deadline", async () => {
  let ago = 2 * 3_600_000;
  const project = await startProject({ now: () => Date.now() - ago });
  const labels = (hours: number) => ({
    "vmrig-temporary": "publish",
    "vmrig-until": `${Math.round(Date.now() / 1000) + hours * 3600}`,
  });
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUVPS5PjVQDrAlnnQyCYkvZTOHcvjwVfj7TS6gUf3Ux";
  await post(project, "/ssh_keys", { name: "publish-1", public_key: key, labels: labels(-1) });
  const server = { server_type: "cx23", image: "debian-13", location: "fsn1" };
  await post(project, "/servers", { name: "publish-1", ...server, labels: labels(1) });
  await project.double.project.actions.settle();
  ago = 0;
  const found = await listed(project);
  expect(typesOf(found)).toEqual(["hcloud_ssh_key"]);
  await removeFromAccount(project.client, found[0] ?? expect.unreachable(), { signal });
  expect(await listed(project)).toEqual([]);
});

test("a published image is not needed a day after the next one, unless a server is made of it", async () => {
  let ago = 3 * DAY_MS;
  const project = await startProject({ now: () => Date.now() - ago });
  const source = await createMachineServer(project, "pc1", { labels: { "vmrig-image": "used" } });
  const images: number[] = [];
  for (const digest of ["old", "used", "other", "new"]) {
    const name = digest === "other" ? "debian-12" : "debian-13";
    images.push(await publishImage(project, { of: source, digest, name }));
    ago -= DAY_MS / 2;
  }
  const ofImages = async () =>
    (await listed(project)).filter(({ type }) => type === "hcloud_image");
  const found = await ofImages();
  expect(found.map(({ id, belongs }) => [Number(id), belongs.to])).toEqual([[images[0], "none"]]);
  expect(found[0]?.belongs).toMatchObject({
    why: expect.stringMatching(
      /^image \d+ has replaced it, and no server is made of it$/,
    ) as string,
  });
  await removeFromAccount(project.client, found[0] ?? expect.unreachable(), { signal });
  expect(await ofImages()).toEqual([]);

  await protectServer(project.client, { of: source, isProtected: false });
  await deleteServer(project.client, { of: source });
  await project.double.project.actions.settle();
  const without = new Map((await ofImages()).map(({ id, belongs }) => [Number(id), belongs.to]));
  // The present ones stay, and are shown: nothing uses them now.
  expect(without).toEqual(
    new Map([
      [images[1], "none"],
      [images[2], "others"],
      [images[3], "others"],
    ]),
  );
});
