import { expect, test } from "vitest";
import { createMachineServer, startProject, TWO_MACHINES } from "../double.test.kit.ts";
import { publishImage } from "./account.test.kit.ts";
import { rigCosts } from "./rig-costs.ts";

const LIMIT = { rig: TWO_MACHINES.rig, image: "debian-13" };

test("a rig costs its servers, their IPv4 addresses and the published images", async () => {
  const project = await startProject();
  const server = await createMachineServer(project, "pc1");
  await publishImage(project, { of: server, digest: "recipe-1" });
  const { currency, items } = await rigCosts(project.client, LIMIT);
  expect(currency).toBe("EUR");
  expect(items.map(({ what }) => what)).toEqual([
    `server ${server.id} "pcs-1-pc1", cx23 in fsn1`,
    expect.stringMatching(`^IPv4 address 198\\.\\S+ of server ${server.id}$`),
    expect.stringMatching(/^image \d+ "debian-13" for x86, [\d.]+ GB \(recipe-1\)$/),
  ]);
  const [machine, address, image] = items;
  expect([machine?.copy, address?.copy, image?.copy]).toEqual(["pcs-1", "pcs-1", undefined]);
  // The double's prices: the most of a month is 625 hours, the tax 19 %, a GB of an image 0.011.
  expect(address).toMatchObject({ monthly: { net: 0.5, gross: 0.595 }, hourly: { net: 0.0008 } });
  expect(machine?.monthly?.net).toBeCloseTo((machine?.hourly?.net ?? 0) * 625);
  expect(image?.hourly).toBeUndefined();
  expect(image?.monthly?.net).toBeGreaterThan(0);
});

test("servers of another rig, and of no rig, cost this rig nothing", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: { "vmrig-rig": "other" } });
  expect((await rigCosts(project.client, LIMIT)).items).toEqual([]);
});

test("a server whose type has no price any more is listed without one", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1");
  const types = project.double.project.catalog.serverTypes.all;
  Object.assign(types.find(({ name }) => name === "cx23") ?? {}, { prices: [] });
  const [server] = (await rigCosts(project.client, LIMIT)).items;
  expect(server).toEqual({
    what: expect.stringContaining("cx23 in fsn1") as string,
    copy: "pcs-1",
  });
});
