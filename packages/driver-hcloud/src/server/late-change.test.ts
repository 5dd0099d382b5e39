import { expect, test } from "vitest";
import { deleteWholeServer } from "../account/discard-resource.ts";
import { readServer, type Server } from "../api/servers.ts";
import {
  authority,
  createMachineServer,
  startProject,
  TWO_MACHINES,
  type Project,
} from "../double.test.kit.ts";
import { publishRecord } from "../provisioning.test.kit.ts";
import { claimServer } from "./claimed-server.ts";
import { noteConnected } from "./link.ts";
import { rewriteDisk } from "./rewrite-disk.ts";

const ref = { copy: TWO_MACHINES, name: "pc1" };
const EARLY = authority(5);

/** Claims a server for an early lease, which then sleeps while a later one works. */
async function setUpLateRun(project: Project): Promise<Server> {
  await publishRecord(project, "recipe-1");
  const labels = { "vmrig-image": "recipe-1", "vmrig-disconnected": "yes" };
  await createMachineServer(project, "pc1", { labels });
  const early = await claimServer(project.client, ref, EARLY);
  await claimServer(project.client, ref, authority(9));
  return early;
}

test.for<[string, (project: Project, server: Server) => Promise<unknown>]>([
  ["changes no label", ({ client }, server) => noteConnected(client, server, EARLY)],
  ["writes no image", ({ client }, server) => rewriteDisk(client, server, { ref, by: EARLY })],
  ["deletes nothing", ({ client }, server) => deleteWholeServer(client, server, EARLY)],
])("a run that lost its lease after its claim %s", async ([, change]) => {
  const project = await startProject();
  const early = await setUpLateRun(project);
  const before = project.double.calls.length;
  await expect(change(project, early)).rejects.toMatchObject({ code: "FENCED" });
  const calls = project.double.calls.slice(before);
  expect(calls.filter(({ method }) => method !== "GET")).toEqual([]);
  const { labels } = (await readServer(project.client, { id: early.id })) ?? expect.unreachable();
  expect(labels).toMatchObject({ "vmrig-fence": "9", "vmrig-disconnected": "yes" });
});
