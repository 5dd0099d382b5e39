import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  generateKeyPair,
  type Admission,
  type CopySpec,
  type LocalResource,
  type MachineStatus,
} from "vmrig/driver";
import { qemu } from "./driver.ts";
import { lanSocket } from "./network/lan.ts";
import { machineDefinition, machineFiles } from "./machine-files.ts";
import { makeMachine } from "./make.ts";
import { endAll, processes } from "./processes.test.kit.ts";
import { openQmp } from "./qmp/qmp.ts";

const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
const copy: CopySpec = {
  rig: "healing",
  copy: "healing-1",
  folder: join(root, "rigs", "healing-1"),
  runtimeFolder: join(root, "run", "healing-1"),
  // The user's own, because the image is built there.
  cacheFolder:
    process.env["VMRIG_CACHE"] ??
    join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig"),
  machines: [{ name: "pc1", cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" }],
};
const pc1 = { copy, name: "pc1" };
const files = machineFiles(copy, "pc1");
const driver = qemu();
const said: string[] = [];
const admission: Admission = {
  fence: 1,
  signal: new AbortController().signal,
  authorize: generateKeyPair().publicKey,
  say: (line) => said.push(line),
};

async function status(): Promise<MachineStatus | undefined> {
  return (await driver.inspect(copy)).machines[0];
}

beforeAll(async () => {
  for (const folder of [copy.folder, copy.runtimeFolder])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  const resources: LocalResource[] = [];
  const made = { fingerprint: await driver.fingerprint(copy), owner: "me" };
  await driver.declare({ local: (resource) => void resources.push(resource) }, copy, made);
  await makeMachine(machineDefinition.parse(resources.find(({ name }) => name === "pc1")?.input));
  await driver.boot(pc1, admission);
  await driver.capture(pc1, "base", admission);
});
beforeEach(() => void said.splice(0));
afterAll(async () => {
  await endAll(root);
  await rm(root, { recursive: true, force: true });
});

test("restored again and again, a machine goes on in the same process", async () => {
  const before = await status();
  // Were a clock of the guest not rewound, it would stand still for as long as it had run, twice as
  // long each time: 30 s are too long.
  for (let time = 0; time < 8; time++) await driver.restore(pc1, "base", admission);
  expect(said).toEqual([]);
  expect((await status())?.whereabouts).toBe(before?.whereabouts);
});

test.each([
  ["the control socket", files.qmp],
  ["the agent's socket", files.agent],
  ["the switch's socket", lanSocket(copy.runtimeFolder)],
])("a restore heals a machine that lives while %s was cleaned away, once", async (_what, path) => {
  const before = await status();
  await rm(path, { recursive: true });
  await driver.restore(pc1, "base", admission);
  expect(said).toEqual([
    expect.stringMatching(/^heal {5}pc1: .* is gone; starting it again from its snapshot$/),
  ]);
  const after = await status();
  expect([after?.power, after?.whereabouts]).toEqual([
    "running",
    expect.not.stringContaining(before?.whereabouts?.split(",")[0] ?? "?"),
  ]);
  expect(await processes(root)).toHaveLength(2);

  await driver.restore(pc1, "base", admission);
  expect([said.length, (await status())?.whereabouts]).toEqual([1, after?.whereabouts]);
});

test("a machine whose guest does not answer after its snapshot was loaded in place is started again from it", async () => {
  // The agent serves one client at a time: whoever has it, and died half-way, keeps all others
  // waiting.
  const holder = connect(files.agent);
  holder.on("error", () => {});
  await once(holder, "connect");
  await driver.restore(pc1, "base", admission);
  holder.destroy();
  expect(said).toEqual([
    expect.stringMatching(
      /^heal {5}pc1 did not take its snapshot in place \(Waited 3\d\.\d s for the guest agent.*\); starting it again from there$/,
    ),
  ]);
  expect((await status())?.power).toBe("running");
});

test("a stopped machine leaves nothing running, and a restore brings back machine and network", async () => {
  await driver.stop?.(pc1, admission);
  expect([await processes(root), (await status())?.power]).toEqual([[], "off"]);
  await driver.restore(pc1, "base", admission);
  expect([(await processes(root)).length, (await status())?.power]).toEqual([2, "running"]);
});

test("when starting it again does not help either, the error has the first cause as well", async () => {
  {
    await using qmp = await openQmp({ path: files.qmp, machine: "pc1" });
    await qmp.job("snapshot-delete", { tag: "base", devices: ["disk"] });
  }
  await expect(driver.restore(pc1, "base", admission)).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: "QEMU did not start pc1 from its snapshot base.",
    details: expect.arrayContaining([
      "it was started again because of this:",
      expect.stringContaining("snapshot-load failed"),
    ]),
    cause: expect.objectContaining({
      code: "QEMU_FAILED",
      message: expect.stringContaining("snapshot-load failed"),
    }),
  });
});
