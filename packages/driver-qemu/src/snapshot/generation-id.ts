import { randomBytes } from "node:crypto";
import { VmrigError } from "vmrig/driver";
import { z } from "zod";
import type { MachineContext } from "../machine-context.ts";
import { HAS_GENERATION_ID } from "../process/command-line.ts";
import { openGuestMemory } from "../qmp/guest-memory.ts";
import type { Qmp } from "../qmp/qmp.ts";

const PAGE = 4_096;
/** Offset of the ID in its page: QEMU's docs/specs/vmgenid.rst. */
const OFFSET = 40;
/** The firmware allocates the page at the end of the RAM, near the ACPI tables. */
const SEARCHED_PAGES = 1_024;
/** RAM below 4 GiB of the machine type q35: `pc_q35_init` in QEMU's hw/i386/pc_q35.c. */
const SPLIT_FROM_MB = 2_816;
const SPLIT_LOW_MB = 2_048;

const reply = z.object({ guid: z.uuid() });

/**
 * Gives a stopped machine whose snapshot was just loaded a new VM generation ID. The guest's kernel
 * then reseeds its random numbers, and a test and the services of the guest do not draw those of the
 * last rollback again. QEMU itself writes the ID of its process after each load, which a kernel
 * takes as new only once.
 *
 * @throws VmrigError `QEMU_FAILED`
 */
export async function renewGenerationId(
  qmp: Qmp,
  { name, files, definition }: MachineContext,
): Promise<void> {
  if (!HAS_GENERATION_ID) return;
  const { guid } = reply.parse(await qmp.execute("query-vm-generation-id"));
  const current = toGuidBytes(guid);
  const { memoryMb } = definition;
  const endMb = memoryMb >= SPLIT_FROM_MB ? SPLIT_LOW_MB : memoryMb;
  await using memory = await openGuestMemory({ qmp, machine: name, path: files.gdb });
  for (let page = 1; page <= SEARCHED_PAGES; page++) {
    const address = endMb * 1_024 * 1_024 - page * PAGE + OFFSET;
    if (!current.equals(await memory.read(address, current.length))) continue;
    await memory.write(address, randomBytes(current.length));
    return;
  }
  throw new VmrigError("QEMU_FAILED", {
    message: `The RAM of ${name} does not contain its generation ID ${guid}.`,
    hint: "this is a bug in vmrig: please report it with the version of QEMU",
  });
}

/** Returns a GUID in its layout in RAM: the first three fields are little-endian. */
export function toGuidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
