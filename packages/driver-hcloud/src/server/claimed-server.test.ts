import { expect, test } from "vitest";
import { authority, createMachineServer, startProject, TWO_MACHINES } from "../double.test.kit.ts";
import { deleteServer, readServer } from "../api/servers.ts";
import { claimServer } from "./claimed-server.ts";

const ref = { copy: TWO_MACHINES, name: "pc1" };

test("a claim raises the fence in the label, and keeps the other labels", async () => {
  const project = await startProject();
  const { id } = await createMachineServer(project, "pc1", { labels: { team: "blue" } });
  await claimServer(project.client, ref, authority(7));
  const server = await readServer(project.client, { id });
  expect(server?.labels).toMatchObject({ "vmrig-fence": "7", team: "blue", "vmrig-copy": "pcs-1" });
});

test("a lease claims a server as often as it likes, with one change", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1");
  for (const _time of [1, 2, 3]) await claimServer(project.client, ref, authority(7));
  const changes = project.double.calls.filter(({ method }) => method === "PUT");
  expect(changes).toHaveLength(1);
});

test("a lease claims a server again by the fences that Redis issues: microseconds", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1");
  const lease = authority(Date.now() * 1000);
  await claimServer(project.client, ref, lease);
  const { labels } = await claimServer(project.client, ref, lease);
  expect(labels).toMatchObject({ "vmrig-fence": `${lease.fence}` });
});

test("an earlier lease is refused, and changes nothing", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1");
  await claimServer(project.client, ref, authority(8));
  const before = project.double.calls.length;
  await expect(claimServer(project.client, ref, authority(7))).rejects.toMatchObject({
    code: "FENCED",
    details: ["fence of this lease: 7", "label vmrig-fence: 8"],
  });
  expect(project.double.calls.slice(before).map(({ method }) => method)).toEqual(["GET"]);
});

test("a label that a person spoiled lets no lease through", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: { "vmrig-fence": "none" } });
  await expect(claimServer(project.client, ref, authority(7))).rejects.toMatchObject({
    code: "FENCED",
    hint: expect.stringContaining("set it to 0 in the cloud's console"),
  });
});

test("a machine without a server, and one with two, are refused", async () => {
  const project = await startProject();
  await expect(claimServer(project.client, ref, authority(1))).rejects.toMatchObject({
    code: "MACHINE_MISSING",
  });
  const first = await createMachineServer(project, "pc1");
  await createMachineServer(project, "pc2", { labels: { "vmrig-machine": "pc1" } });
  await expect(claimServer(project.client, ref, authority(1))).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [expect.stringContaining("pcs-1-pc1"), expect.stringContaining("pcs-1-pc2")],
  });
  await deleteServer(project.client, { of: first });
});
