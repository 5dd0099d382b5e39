import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { CopySpec } from "vmrig/driver";
import { qemu } from "./driver.ts";
import {
  machineFiles,
  machinesFolder,
  writeJson,
  type MachineDefinition,
} from "./machine-files.ts";
import { defineMachine } from "./machine.test.kit.ts";
import { stopLan } from "./network/lan.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

vi.setConfig({ testTimeout: 120_000 });

const KILL = fileURLToPath(
  new URL("../../vmrig/src/local-files/kill-at-call.test.kit.ts", import.meta.url),
);
const STEPS = fileURLToPath(new URL("./terraform-steps.ts", import.meta.url));
const NO_QEMU = `#!/bin/sh
test "$1" = --version && echo "QEMU emulator version 7.2.22" && exit 0
echo "this QEMU starts no machine" >&2
exit 1
`;

let definition: MachineDefinition;
let copy: CopySpec;
let path: string;
beforeEach(async () => {
  const root = await tempFolder();
  definition = await defineMachine(root);
  const { folder, runtimeFolder, cacheFolder } = definition;
  copy = { rig: "pcs", copy: "pcs-1", folder, runtimeFolder, cacheFolder, machines: [] };
  onTestFinished(() => stopLan(copy));
  path = [join(root, "bin"), process.env["PATH"]].join(delimiter);
  for (const name of ["image", "bin", "run"]) await mkdir(join(root, name), { recursive: true });
  for (const file of [definition.image.kernel, definition.image.initrd]) await writeFile(file, "");
  spawnSync("qemu-img", ["create", "-q", "-f", "qcow2", definition.image.disk, "1M"]);
  for (const name of ["qemu-system-x86_64", "qemu-system-aarch64"]) {
    await writeFile(join(root, "bin", name), NO_QEMU);
    await chmod(join(root, "bin", name), 0o755);
  }
});

/** Runs a step, and kills it after a change of a file. */
function step(
  verb: "create" | "destroy",
  killAt: number,
): { signal: string | null; stderr: string } {
  return spawnSync(process.execPath, ["--import", KILL, STEPS, verb, "machine"], {
    encoding: "utf8",
    env: {
      PATH: path,
      VMRIG_INPUT: JSON.stringify(definition),
      VMRIG_TEST_KILL_AT: String(killAt),
    },
  });
}

const authority = { fence: 1, signal: new AbortController().signal };

test("killed after any change of a file during its creation, a machine is incomplete and removable", async () => {
  for (let killAt = 1; ; killAt += 1) {
    const { signal, stderr } = step("create", killAt);
    for (const status of (await qemu().inspect(copy)).machines) {
      expect(status).toMatchObject({ name: "pc1", power: "off", incomplete: true, snapshots: [] });
      await qemu().remove({ copy, name: "pc1" }, authority);
    }
    expect(await readdir(machinesFolder(copy)).catch(() => [])).toEqual([]);
    if (signal !== null) continue;
    expect(stderr).toContain("this QEMU starts no machine");
    expect(killAt).toBeGreaterThan(5);
    break;
  }
});

test("killed after any change of a file during its removal, a machine is incomplete, and the next removal completes it", async () => {
  for (let killAt = 1; ; killAt += 1) {
    await writeJson(machineFiles(copy, "pc1").definition, definition);
    const { signal } = step("destroy", killAt);
    const { machines } = await qemu().inspect(copy);
    expect(machines.filter(({ incomplete }) => !incomplete)).toEqual(
      // Before the removal began.
      killAt === 1 ? expect.anything() : [],
    );
    expect(step("destroy", Infinity)).toMatchObject({ signal: null, stderr: "" });
    expect((await qemu().inspect(copy)).machines).toEqual([]);
    if (signal === null) break;
  }
});

test("no call but a removal sees an incomplete machine", async () => {
  await writeJson(machineFiles(copy, "pc1").creating, definition);
  const admission = { ...authority, authorize: "ssh-ed25519 AAAA" };

  await expect(qemu().boot({ copy, name: "pc1" }, admission)).rejects.toMatchObject({
    code: "MACHINE_MISSING",
  });
  await qemu().remove({ copy, name: "pc1" }, authority);
  await expect(qemu().remove({ copy, name: "pc1" }, authority)).rejects.toMatchObject({
    code: "MACHINE_MISSING",
  });
});
