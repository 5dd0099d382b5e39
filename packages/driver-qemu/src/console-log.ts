import { appendFile, open } from "node:fs/promises";
import { restoredLine, type SnapshotName } from "vmrig/driver";
import type { MachineContext } from "./machine-context.ts";

const LIMIT_BYTES = 16 * 1024 * 1024;
const KEPT_BYTES = 1024 * 1024;

/**
 * Truncates a console's file to the lines of its last megabyte once it exceeds 16 MiB. Truncates in
 * place, because QEMU has it open for appending. Output during the truncation may be lost.
 */
export async function trimConsole(path: string): Promise<void> {
  const file = await open(path, "r+").catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size <= LIMIT_BYTES) return;
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(KEPT_BYTES),
      position: size - KEPT_BYTES,
    });
    await file.truncate(0);
    await appendFile(path, buffer.subarray(buffer.indexOf("\n") + 1, bytesRead));
  } finally {
    await file.close();
  }
}

/** Writes to the console that the stopped machine is restored. Ignores a full disk. */
export async function writeRestoredLine(
  { name, files }: MachineContext,
  snapshot: SnapshotName,
): Promise<void> {
  await appendFile(files.console, `\n${restoredLine(name, snapshot)}\n`).catch(() => {});
}
