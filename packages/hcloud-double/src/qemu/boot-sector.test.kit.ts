import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Instructions for real mode. */
const WRITE_TEXT = [
  "31c0 8ed8", // xor ax,ax; mov ds,ax
  "baf803", // mov dx,3f8h: the first serial port
  "be007d", // mov si,7d00h: the text
  "ac 84c0 7403 ee ebf8", // lodsb; test al,al; jz to the end; out dx,al; jmp to lodsb
].join("");
const THEN = {
  hang: "fa f4", // cli; hlt
  // Writes "soft off" into QEMU's register for power: mov dx,604h; mov ax,2000h; out dx,ax
  "power-off": "ba0406 b80020 ef fa f4",
  // Writes "reset" into the register of the chipset: mov dx,0cf9h; mov al,6; out dx,al
  restart: "baf90c b006 ee fa f4",
} as const;
const TEXT_OFFSET = 0x100;

/** A guest of one sector: it writes a text to its console, and does the other thing. */
function bootSector(text: string, then: keyof typeof THEN): Buffer {
  const sector = Buffer.alloc(512);
  sector.write((WRITE_TEXT + THEN[then]).replaceAll(" ", ""), "hex");
  sector.write(text, TEXT_OFFSET, "latin1");
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Makes an image of such a guest, which is removed after the test. */
export async function bootSectorImage(text: string, then: keyof typeof THEN): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcloud-double-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const raw = join(folder, "disk.raw");
  await writeFile(raw, Buffer.concat([bootSector(text, then), Buffer.alloc(2 ** 20)]));
  execFileSync("qemu-img", ["convert", "-O", "qcow2", raw, join(folder, "disk.qcow2")]);
  // Only the rescue system has a kernel.
  for (const name of ["kernel", "initrd"]) await writeFile(join(folder, name), "");
  const manifest = { disk: "disk.qcow2", kernel: "kernel", initrd: "initrd", append: "root=none" };
  await writeFile(join(folder, "image.json"), JSON.stringify(manifest));
  return folder;
}
