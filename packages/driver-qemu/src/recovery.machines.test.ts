import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  generateKeyPair,
  localOnly,
  type Admission,
  type CopySpec,
  type LocalResource,
  type MachineStatus,
} from "vmrig/driver";
import { qemu } from "./driver.ts";
import { lanSocket } from "./network/lan.ts";
import { machineDefinition, machineFiles } from "./machine-files.ts";
import { createMachine } from "./create-machine.ts";
import { endAll, endWithThisProcess, processes } from "./processes.test.kit.ts";
import { openQmp } from "./qmp/qmp.ts";

const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
endWithThisProcess(root);
const copy: CopySpec = {
  rig: "recovery",
  copy: "recovery-1",
  folder: join(root, "rigs", "recovery-1"),
  runtimeFolder: join(root, "run", "recovery-1"),
  // The user's own cache, because the image is built there.
  cacheFolder:
    process.env["VMRIG_CACHE"] ??
    join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig"),
  machines: [{ name: "pc1", cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" }],
};
const pc1 = { copy, name: "pc1" };
const files = machineFiles(copy, "pc1");
const driver = qemu();
const reported: string[] = [];
const admission: Admission = {
  fence: 1,
  signal: new AbortController().signal,
  authorize: generateKeyPair().publicKey,
  say: (line) => reported.push(line),
};

async function status(): Promise<MachineStatus | undefined> {
  return (await driver.inspect(copy)).machines[0];
}

beforeAll(async () => {
  for (const folder of [copy.folder, copy.runtimeFolder])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  const resources: LocalResource[] = [];
  const made = { fingerprint: await driver.fingerprint(copy), owner: "me" };
  await driver.declare(
    localOnly((resource) => void resources.push(resource)),
    copy,
    made,
  );
  await createMachine(machineDefinition.parse(resources.find(({ name }) => name === "pc1")?.input));
  await driver.boot(pc1, admission);
  await driver.capture(pc1, "base", admission);
});
beforeEach(() => void reported.splice(0));
afterAll(async () => {
  await endAll(root);
  await rm(root, { recursive: true, force: true });
});

test("a machine stays in the same process through repeated restores", async () => {
  const before = await status();
  // If a clock of the guest were not rewound, the guest would freeze for as long as it had run,
  // twice as long each time: 30 s are too long.
  for (let time = 0; time < 8; time++) await driver.restore(pc1, "base", admission);
  expect(reported).toEqual([]);
  expect((await status())?.location).toBe(before?.location);
});

test.each([
  ["the control socket", files.qmp],
  ["the agent's socket", files.agent],
  ["the switch's socket", lanSocket(copy.runtimeFolder)],
])("a restore recovers a running machine after the removal of %s, once", async (_what, path) => {
  const before = await status();
  await rm(path, { recursive: true });
  await driver.restore(pc1, "base", admission);
  expect(reported).toEqual([
    expect.stringMatching(/^recover {2}pc1: .* is gone; starting it again from its snapshot$/),
  ]);
  const after = await status();
  expect([after?.power, after?.location]).toEqual([
    "running",
    expect.not.stringContaining(before?.location?.split(",")[0] ?? "?"),
  ]);
  expect(await processes(root)).toHaveLength(2);

  await driver.restore(pc1, "base", admission);
  expect([reported.length, (await status())?.location]).toEqual([1, after?.location]);
});

test("a machine that does not respond after a load in place is restarted from its snapshot", async () => {
  // The agent serves one client at a time: a client that hangs keeps all others waiting.
  const holder = connect(files.agent);
  holder.on("error", () => {});
  await once(holder, "connect");
  await driver.restore(pc1, "base", admission);
  holder.destroy();
  expect(reported).toEqual([
    expect.stringMatching(
      /^recover {2}pc1 could not load its snapshot in place \(Waited 3\d\.\d s for the guest agent.*\); restarting it from the snapshot$/,
    ),
  ]);
  expect((await status())?.power).toBe("running");
});

test("a stopped machine leaves no process, and a restore starts machine and network again", async () => {
  await driver.stop?.(pc1, admission);
  expect([await processes(root), (await status())?.power]).toEqual([[], "off"]);
  await driver.restore(pc1, "base", admission);
  expect([(await processes(root)).length, (await status())?.power]).toEqual([2, "running"]);
});

test("if the restart fails too, the error includes the first cause", async () => {
  {
    await using qmp = await openQmp({ path: files.qmp, machine: "pc1" });
    await qmp.job("snapshot-delete", { tag: "base", devices: ["disk"] });
  }
  await expect(driver.restore(pc1, "base", admission)).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: "QEMU did not start pc1 from its snapshot base.",
    details: expect.arrayContaining([
      "this error led to the restart:",
      expect.stringContaining("snapshot-load failed"),
    ]),
    cause: expect.objectContaining({
      code: "QEMU_FAILED",
      message: expect.stringContaining("snapshot-load failed"),
    }),
  });
});
