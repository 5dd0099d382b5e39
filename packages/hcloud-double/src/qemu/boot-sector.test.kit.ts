import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Intel instructions for real mode. */
const WRITE_TEXT = [
  ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax,ax; mov ds,ax
  ...[0xba, 0xf8, 0x03], // mov dx,3f8h: the first serial port
  ...[0xbe, 0x00, 0x7d], // mov si,7d00h: the text
  ...[0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8], // lodsb; test al,al; jz +3; out dx,al; loop
];
const THEN = {
  hang: [0xfa, 0xf4], // cli; hlt
  /** Writes "soft off" into QEMU's power management register. */
  "power-off": [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xfa, 0xf4], // mov dx,604h; mov ax,2000h; out dx,ax
} as const;
const TEXT_OFFSET = 0x100;

/** A guest of one sector: it writes a text to its console, and does the other thing. */
export function bootSector(text: string, then: keyof typeof THEN): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([...WRITE_TEXT, ...THEN[then]]).copy(sector);
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
  const manifest = { disk: "disk.qcow2", kernel: "none", initrd: "none", append: "root=none" };
  await writeFile(join(folder, "image.json"), JSON.stringify(manifest));
  return folder;
}
