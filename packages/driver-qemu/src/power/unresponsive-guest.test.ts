import { mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Admission } from "vmrig/driver";
import { authorizeKey } from "./authorize-key.ts";
import type { LockedMachine } from "../locked-machine.ts";
import { resolveMachine } from "../machine-context.ts";
import { defineMachine } from "../machine.test.kit.ts";
import { explainUnresponsiveGuest } from "./unresponsive-guest.ts";
import { listen } from "../qmp/socket-server.test.kit.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

/** A machine with QEMU in this run state and a guest that never responds. */
async function silent(status: string): Promise<LockedMachine<Admission>> {
  const machine = await resolveMachine(await defineMachine(await tempFolder()));
  const { files, definition } = machine;
  await mkdir(definition.runtimeFolder, { recursive: true });
  await writeFile(files.disk, "");
  await listen(
    ({ send }) => send({ QMP: {} }),
    ({ execute, id }: { readonly execute: string; readonly id: number }, { send }) =>
      send({
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
  return { ...machine, authority };
}

const authority = { fence: 1, signal: new AbortController().signal, authorize: "ssh-ed25519 AAAA" };

test("a guest suspended by a full disk is reported with the disk and its free space, not as a timeout", async () => {
  const machine = await silent("io-error");
  await expect(authorizeKey(machine, 200)).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: "pc1 is suspended: the disk of this computer rejected its writes.",
    details: [
      "QEMU reports: io-error",
      expect.stringMatching(/disk\.qcow2: \d+ MB of its disk are free$/),
    ],
    hint: expect.stringContaining("free space on the disk of"),
  });
});

test("any other unresponsive guest is reported with QEMU's state", async () => {
  const machine = await silent("paused");
  await expect(authorizeKey(machine, 200)).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    details: expect.arrayContaining(["QEMU reports: paused"]),
  });
});

test("a missing QEMU process adds its own line and hides no error", async () => {
  const machine = await resolveMachine(await defineMachine(await tempFolder()));
  expect(await explainUnresponsiveGuest(machine)).toEqual({
    diskRefused: false,
    lines: [expect.stringContaining("QEMU does not respond: ")],
  });
});
