import { generateKeyPair, type Authority } from "vmrig/driver";
import { expect, test, vi } from "vitest";
import { hcloud } from "../driver.ts";
import {
  authority,
  createMachineServer,
  OWNER_ID,
  startProject,
  TWO_MACHINES,
} from "../double.test.kit.ts";
import { hostKeyLabel } from "../host-key-label.ts";

const driver = hcloud({
  locations: ["fsn1"],
  serverTypes: ["cx23"],
  firewall: { ssh: ["203.0.113.0/24"] },
});
const PC1 = { copy: TWO_MACHINES, name: "pc1" };
const { publicKey } = generateKeyPair();
const READY = {
  "vmrig-host-key": hostKeyLabel(publicKey, { machine: "pc1", secret: "secret" }),
  "vmrig-image": "recipe-1",
  "vmrig-disk": "recipe-1",
  "vmrig-snapshots": "pristine",
};

test("machines are listed in one request, with what their labels say", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: READY });
  const before = project.double.calls.length;
  const { machines } = await driver.inspect(TWO_MACHINES);
  expect(project.double.calls.length - before).toBe(1);
  expect(machines).toEqual([
    {
      name: "pc1",
      power: "running",
      address: { host: expect.stringMatching(/^[\d.]+$/), port: 22 },
      hostKey: publicKey,
      owner: OWNER_ID,
      snapshots: ["pristine"],
      location: expect.stringMatching(/^server \d+ "pcs-1-pc1"$/),
    },
    { name: "pc2", power: "absent", snapshots: [] },
  ]);
});

test("a machine that crashed is off, has no address, and keeps its snapshots", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: READY });
  const admission = { ...authority(3), authorize: publicKey };
  await driver.power?.({ copy: TWO_MACHINES, name: "pc1" }, "crash", admission);
  await driver.power?.({ copy: TWO_MACHINES, name: "pc1" }, "off", admission);
  const [machine] = (await driver.inspect(TWO_MACHINES)).machines;
  expect(machine).toMatchObject({ power: "off", snapshots: ["pristine"] });
  expect(machine).not.toHaveProperty("address");
  await expect(
    driver.power?.({ copy: TWO_MACHINES, name: "pc1" }, "reboot", admission),
  ).rejects.toMatchObject({ code: "MACHINE_OFF" });
});

test.each(["initializing", "starting", "stopping", "migrating", "rebuilding", "unknown"] as const)(
  "a machine whose server is %s is not called off, so that `vmrig down` does not pass it over",
  async (status) => {
    const project = await startProject();
    await createMachineServer(project, "pc1", { labels: READY });
    Object.assign(project.double.project.servers.all[0] ?? {}, { status });
    const [machine] = (await driver.inspect(TWO_MACHINES)).machines;
    expect(machine).toMatchObject({ power: "running", address: { port: 22 } });
  },
);

test.each<[string, (by: Authority) => Promise<void> | undefined]>([
  ["a capture", (by) => driver.capture(PC1, "pristine", by)],
  ["a change of its link", (by) => driver.network?.(PC1, "disconnect", by)],
])("%s waits for a machine that starts, and only then says that it is off", async (_, change) => {
  const project = await startProject();
  const { id } = await createMachineServer(project, "pc1", { labels: READY });
  const [server] = project.double.project.servers.all;
  Object.assign(server ?? {}, { status: "starting" });
  const changed = Promise.resolve(change(authority(3)));
  const refused = expect(changed).rejects.toMatchObject({ code: "MACHINE_OFF" });
  await expect
    .poll(() => project.double.calls.map(({ method, path }) => `${method} ${path}`), {
      timeout: 10_000,
    })
    .toContain(`GET /servers/${id}`);
  Object.assign(server ?? {}, { status: "off" });
  await refused;
});

test("stop shuts a machine down, and does nothing to one that is off", async () => {
  const project = await startProject();
  await createMachineServer(project, "pc1", { labels: READY });
  const ref = { copy: TWO_MACHINES, name: "pc1" };
  await driver.stop?.(ref, authority(3));
  const before = project.double.calls.length;
  await driver.stop?.(ref, authority(3));
  expect(project.double.calls.slice(before).every(({ method }) => method === "GET")).toBe(true);
  expect((await driver.inspect(TWO_MACHINES)).machines[0]?.power).toBe("off");
});

test("without a token the error says where to get one", async () => {
  vi.stubEnv("HCLOUD_TOKEN", "");
  await expect(driver.inspect(TWO_MACHINES)).rejects.toMatchObject({
    code: "CLOUD_REFUSED",
    summary: "HCLOUD_TOKEN is not set, so vmrig cannot use Hetzner Cloud.",
  });
  vi.unstubAllEnvs();
});
