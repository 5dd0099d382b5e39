import { mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { admit } from "./control.ts";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import { defineMachine } from "../machine.test.kit.ts";
import { explainUnresponsiveGuest } from "./unresponsive-guest.ts";
import { listen } from "../qmp/socket-server.test.kit.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

/** A machine whose QEMU is in this run state, and whose guest never answers. */
async function silent(status: string): Promise<MachineDefinition> {
  const machine = await defineMachine(await tempFolder());
  const files = machineFiles(machine, machine.name);
  await mkdir(machine.runtimeFolder, { recursive: true });
  await writeFile(files.disk, "");
  await listen(
    ({ say }) => say({ QMP: {} }),
    ({ execute, id }: { readonly execute: string; readonly id: number }, { say }) =>
      say({
        id,
        return: execute === "query-status" ? { running: status === "running", status } : {},
      }),
    files.qmp,
  );
  await listen(
    () => {},
    () => {},
    files.agent,
  );
  return machine;
}

const admission = { fence: 1, signal: new AbortController().signal, authorize: "ssh-ed25519 AAAA" };

test("a guest that QEMU stopped because the disk is full is told with its disk and the room on it, and not as a timeout", async () => {
  const machine = await silent("io-error");
  await expect(admit(machine, admission, 200)).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: "pc1 stands still: this computer's disk did not take what it wrote.",
    details: [
      "QEMU says: io-error",
      expect.stringMatching(/disk\.qcow2: \d+ MB of its disk are free$/),
    ],
    hint: expect.stringContaining("make room"),
  });
});

test("of any other guest that does not answer it is told what QEMU says", async () => {
  const machine = await silent("paused");
  await expect(admit(machine, admission, 200)).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    details: expect.arrayContaining(["QEMU says: paused"]),
  });
});

test("a QEMU that is gone explains nothing, and hides nothing", async () => {
  const machine = await defineMachine(await tempFolder());
  expect(await explainUnresponsiveGuest(machine)).toEqual({
    diskRefused: false,
    lines: [expect.stringContaining("QEMU says nothing: ")],
  });
});
