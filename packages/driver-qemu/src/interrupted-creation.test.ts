import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { CopySpec, MachineStatus, Origin } from "vmrig/driver";
import { qemu } from "./driver.ts";
import { idleKernel } from "./idle-kernel.test.kit.ts";
import {
  machineFiles,
  machinesFolder,
  writeJson,
  type MachineDefinition,
} from "./machine-files.ts";
import { defineMachine } from "./machine.test.kit.ts";
import { setMarker } from "./marker-file.ts";
import { runQemuImg } from "./process/qemu-img.ts";
import { endAll, processes } from "./processes.test.kit.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

vi.setConfig({ testTimeout: 180_000 });

const KILL = fileURLToPath(
  new URL("../../vmrig/src/local-files/kill-at-call.test.kit.ts", import.meta.url),
);
const STEPS = fileURLToPath(new URL("./terraform-steps.ts", import.meta.url));
const ORIGIN: Origin = { resource: "r1", values: "512 MB" };
const NEVER = Number.POSITIVE_INFINITY;

const driver = qemu();
const authority = { fence: 1, signal: new AbortController().signal };
const admission = { ...authority, authorize: "ssh-ed25519 AAAA" };
let root: string;
let definition: MachineDefinition;
let copy: CopySpec;
let pc1: { readonly copy: CopySpec; readonly name: string };
beforeEach(async () => {
  root = await tempFolder();
  onTestFinished(() => endAll(root));
  definition = { ...(await defineMachine(root)), memoryMb: 64 };
  const { folder, runtimeFolder, cacheFolder, image } = definition;
  copy = { rig: "pcs", copy: "pcs-1", folder, runtimeFolder, cacheFolder, machines: [] };
  pc1 = { copy, name: "pc1" };
  for (const made of [dirname(image.disk), runtimeFolder]) await mkdir(made, { recursive: true });
  await writeFile(image.kernel, idleKernel());
  await writeFile(image.initrd, "none");
  await runQemuImg("create", "-q", "-f", "qcow2", image.disk, "1M");
});

interface StepOptions {
  readonly killAt?: number;
  readonly input?: MachineDefinition;
  readonly origin?: Origin;
}

/** Runs a step, and kills it after a change of a file. */
function step(
  verb: "create" | "destroy",
  { killAt = NEVER, input = definition, origin = ORIGIN }: StepOptions = {},
): { signal: string | null; stderr: string } {
  return spawnSync(process.execPath, ["--import", KILL, STEPS, verb, "machine"], {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      VMRIG_INPUT: JSON.stringify(input),
      VMRIG_ORIGIN: JSON.stringify(origin),
      VMRIG_TEST_KILL_AT: String(killAt),
    },
  });
}

async function status(): Promise<MachineStatus | undefined> {
  return (await driver.inspect(copy)).machines[0];
}

async function running(): Promise<string[]> {
  return (await processes(root)).map(({ command }) => command.slice(0, 80));
}

test("killed after any change of a file during its creation, a machine is incomplete until it is whole, and can be stopped and removed", async () => {
  const seen = new Set<string>();
  for (let killAt = 1; ; killAt += 1) {
    const { signal, stderr } = step("create", { killAt });
    const found = await status();
    if (found !== undefined)
      seen.add(`${found.incomplete ? "incomplete" : "complete"} ${found.power}`);
    if (found?.incomplete === undefined && found !== undefined)
      expect(found).toMatchObject({ power: "running", origin: ORIGIN, owner: definition.owner });
    // A removal must end QEMU, too.
    if (found?.power === "running" && killAt % 2 === 0) {
      await driver.stop?.(pc1, authority);
      expect(await status()).toEqual({
        ...found,
        power: "off",
        address: undefined,
        location: expect.stringContaining("not running") as string,
      });
      expect(await running()).toEqual([]);
    }
    if (found !== undefined) await driver.remove(pc1, authority);
    expect(await running()).toEqual([]);
    expect(await readdir(machinesFolder(copy)).catch(() => [])).toEqual([]);
    if (signal !== null) continue;
    expect(stderr).toBe("");
    break;
  }
  expect([...seen].toSorted()).toEqual([
    "complete running",
    "incomplete off",
    "incomplete running",
  ]);
});

test("killed after any change of a file during its removal, a machine is incomplete, and the next removal completes it", async () => {
  const seen = new Set<string>();
  for (let killAt = 1; ; killAt += 1) {
    expect(step("create")).toMatchObject({ signal: null, stderr: "" });
    const { signal } = step("destroy", { killAt });
    const found = await status();
    seen.add(
      found === undefined
        ? "gone"
        : `${found.incomplete ? "incomplete" : "complete"} ${found.power}`,
    );
    expect(step("destroy")).toMatchObject({ signal: null, stderr: "" });
    expect(await status()).toBeUndefined();
    expect(await running()).toEqual([expect.stringContaining("vde_switch")]);
    if (signal === null) break;
  }
  expect([...seen].toSorted()).toEqual([
    "complete running", // killed while it claimed the folder
    "gone",
    "incomplete off",
    "incomplete running",
  ]);
});

test("a running machine of the same owner and values is taken over; another one is refused", async () => {
  expect(step("create")).toMatchObject({ signal: null, stderr: "" });
  const before = await status();
  const origin = { ...ORIGIN, resource: "r2" };

  expect(step("create", { origin })).toMatchObject({ signal: null, stderr: "" });

  expect(await status()).toEqual({ ...before, origin });
  for (const other of [
    { origin: { ...origin, values: "1024 MB" } },
    { origin, input: { ...definition, owner: "owner-2" } },
  ])
    expect(step("create", other).stderr).toContain("pc1 of pcs-1 exists, but is not");
  expect(await status()).toEqual({ ...before, origin });
});

test("a machine of another owner is refused while it is off, too, and created after its removal", async () => {
  expect(step("create")).toMatchObject({ signal: null, stderr: "" });
  await driver.stop?.(pc1, authority);
  const before = await status();
  const input = { ...definition, owner: "owner-2" };

  expect(step("create", { input }).stderr).toContain("pc1 of pcs-1 exists, but is not");
  expect(await status()).toEqual(before);
  expect(step("destroy")).toMatchObject({ signal: null, stderr: "" });
  expect(step("create", { input })).toMatchObject({ signal: null, stderr: "" });
  expect(await status()).toMatchObject({ owner: "owner-2" });
});

test("files and folders that are not vmrig's are no machines; a copied record proves no machine", async () => {
  expect(step("create")).toMatchObject({ signal: null, stderr: "" });
  const machines = machinesFolder(copy);
  await mkdir(join(machines, "pc1.saved"));
  await writeFile(join(machines, ".DS_Store"), "");
  await cp(machineFiles(copy, "pc1").definition, join(machines, "pc1-saved", "machine.json"));

  expect((await driver.inspect(copy)).machines).toMatchObject([
    { name: "pc1", power: "running" },
    { name: "pc1-saved", unreadable: expect.stringContaining("this is the record of pc1") },
  ]);
});

describe("a record that cannot be read", () => {
  test.for([
    ["is half-written", async (path: string) => await writeFile(path, '{ "rig": "pc')],
    ["is empty", async (path: string) => await writeFile(path, "")],
    ["has another format", async (path: string) => await writeFile(path, "{}")],
    [
      "is a folder",
      async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
    ],
  ] as const)(
    "because it %s makes no machine incomplete: it keeps running, and can be stopped",
    async ([, damage]) => {
      expect(step("create")).toMatchObject({ signal: null, stderr: "" });
      const { definition: record } = machineFiles(copy, "pc1");
      const before = await running();
      await damage(record);

      expect(await status()).toMatchObject({
        power: "running",
        unreadable: expect.stringContaining(record) as string,
      });
      expect(await status()).not.toHaveProperty("incomplete");
      await expect(driver.boot(pc1, admission)).rejects.toMatchObject({ code: "STATE_LOST" });
      expect(step("create").stderr).toContain(`The record of pc1 cannot be read.\n  ${record}: `);
      expect(await running()).toEqual(before);
      await driver.stop?.(pc1, authority);
      expect(await status()).toMatchObject({ power: "off" });
    },
  );
});

test("snapshots that cannot be listed do not make a machine look unused", async () => {
  expect(step("create")).toMatchObject({ signal: null, stderr: "" });
  const { snapshots } = machineFiles(copy, "pc1");
  await writeFile(snapshots, "no folder");

  expect(await status()).toMatchObject({
    unreadable: expect.stringContaining(
      `ENOTDIR: not a directory, scandir '${snapshots}'`,
    ) as string,
    owner: definition.owner,
  });
});

test("snapshots that are gone do not make a machine look unused", async () => {
  expect(step("create")).toMatchObject({ signal: null, stderr: "" });
  const files = machineFiles(copy, "pc1");
  expect(await status()).not.toHaveProperty("unreadable");
  await setMarker(files.captured);

  expect(await status()).toMatchObject({
    snapshots: [],
    unreadable: `${files.snapshots}: the snapshots are gone`,
  });
});

test("no call but a stop and a removal sees an incomplete machine", async () => {
  await writeJson(machineFiles(copy, "pc1").creating, definition);

  await expect(driver.boot(pc1, admission)).rejects.toMatchObject({ code: "MACHINE_MISSING" });
  await driver.stop?.(pc1, authority);
  await driver.remove(pc1, authority);
  await expect(driver.remove(pc1, authority)).rejects.toMatchObject({ code: "MACHINE_MISSING" });
});
