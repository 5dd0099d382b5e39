import { appendFile, open } from "node:fs/promises";
import { restoredLine, type SnapshotName } from "vmrig/driver";

const LIMIT = 16 * 1024 * 1024;
const KEPT = 1024 * 1024;

/**
 * Truncates a console's file to the lines of its last megabyte once it exceeds 16 MiB. Truncates in
 * place, because QEMU has it open for appending. Output during the truncation may be lost.
 */
export async function boundConsole(path: string): Promise<void> {
  const file = await open(path, "r+").catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size <= LIMIT) return;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(KEPT), 0, KEPT, size - KEPT);
    await file.truncate(0);
    await appendFile(path, buffer.subarray(buffer.indexOf("\n") + 1, bytesRead));
  } finally {
    await file.close();
  }
}

/**
 * Writes to the console that the stopped machine is restored. Ignores a full disk.
 */
export async function markConsole(
  path: string,
  machine: string,
  snapshot: SnapshotName,
): Promise<void> {
  await appendFile(path, `\n${restoredLine(machine, snapshot)}\n`).catch(() => {});
}
