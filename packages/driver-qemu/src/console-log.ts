import { appendFile, open } from "node:fs/promises";
import { restoredLine, type SnapshotName } from "vmrig/driver";

const LIMIT = 16 * 1024 * 1024;
const KEPT = 1024 * 1024;

/**
 * Cuts a console's file down to the lines of its last megabyte when it has grown beyond 16 MiB. In
 * place: QEMU has it open, and appends. What a guest prints in this very moment may be lost.
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
 * Says on the console that the machine, which stands still, is brought back. Without room on the
 * disk it goes unsaid.
 */
export async function markConsole(
  path: string,
  machine: string,
  snapshot: SnapshotName,
): Promise<void> {
  await appendFile(path, `\n${restoredLine(machine, snapshot)}\n`).catch(() => {});
}
