import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "vmrig/driver";
import type { MachineContext } from "../machine-context.ts";
import { findQemu } from "../process/qemu-binary.ts";
import { openGuestMemory } from "../qmp/guest-memory.ts";
import { openQmp, type Qmp } from "../qmp/qmp.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";
import { renewGenerationId, toGuidBytes } from "./generation-id.ts";

const MEMORY_MB = 64;
/** Where the firmware of a guest with this RAM puts the ID. */
const ADDRESS = MEMORY_MB * 1_024 * 1_024 - 4_096 + 40;

/** Starts a real QEMU whose guest never runs, so that no firmware has written to its RAM. */
async function stoppedMachine(): Promise<{ readonly qmp: Qmp; readonly machine: MachineContext }> {
  const folder = await tempFolder();
  const path = join(folder, "qmp");
  const { path: program } = await findQemu(folder);
  const qemu = spawn(
    program,
    `-machine q35 -m ${MEMORY_MB} -nodefaults -no-user-config -display none -S -device vmgenid -qmp unix:${path},server=on,wait=off`.split(
      " ",
    ),
    { stdio: "ignore" },
  );
  onTestFinished(async () => {
    const ended = once(qemu, "exit");
    qemu.kill("SIGKILL");
    await ended;
  });
  // The socket's file exists a moment before QEMU listens.
  const qmp = await waitFor({
    what: "QEMU to listen",
    timeoutMs: 20_000,
    intervalMs: 20,
    probe: () =>
      openQmp({ path, machine: "pc1" }).then(
        (value) => ({ value }),
        (error: Error) => ({ seen: error.message }),
      ),
  });
  onTestFinished(() => qmp[Symbol.asyncDispose]());
  const machine = {
    name: "pc1",
    files: { gdb: join(folder, "pc1, its gdb") },
    definition: { memoryMb: MEMORY_MB },
  } as unknown as MachineContext;
  return { qmp, machine };
}

async function readId(qmp: Qmp, { files }: MachineContext): Promise<Buffer> {
  await using memory = await openGuestMemory({ qmp, machine: "pc1", path: files.gdb });
  return await memory.read(ADDRESS, 16);
}

test("a GUID lies in RAM with its first three fields little-endian", () => {
  expect(toGuidBytes("00112233-4455-6677-8899-aabbccddeeff").toString("hex")).toBe(
    "33221100554477668899aabbccddeeff",
  );
});

test("the generation ID in a guest's RAM is replaced by a random one, and the guest stays stopped", async () => {
  const { qmp, machine } = await stoppedMachine();
  const { guid } = (await qmp.execute("query-vm-generation-id")) as { guid: string };
  const drawn = new Set<string>();
  for (let round = 0; round < 3; round++) {
    {
      await using memory = await openGuestMemory({
        qmp,
        machine: "pc1",
        path: machine.files.gdb,
      });
      await memory.write(ADDRESS, toGuidBytes(guid));
    }
    await renewGenerationId(qmp, machine);
    drawn.add((await readId(qmp, machine)).toString("hex"));
  }
  expect(drawn.size).toBe(3);
  expect(drawn).not.toContain(toGuidBytes(guid).toString("hex"));
  expect(await qmp.execute("query-status")).toMatchObject({ running: false });
  expect(existsSync(machine.files.gdb)).toBe(false);
});

test("RAM without the generation ID is an error that names it, and leaves no open stub", async () => {
  const { qmp, machine } = await stoppedMachine();
  const { guid } = (await qmp.execute("query-vm-generation-id")) as { guid: string };
  await expect(renewGenerationId(qmp, machine)).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: `The RAM of pc1 does not contain its generation ID ${guid}.`,
  });
  expect(existsSync(machine.files.gdb)).toBe(false);
});
