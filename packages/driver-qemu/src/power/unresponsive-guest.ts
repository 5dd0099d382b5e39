import { z } from "zod";
import { freeSpace } from "../disk-space.ts";
import type { MachineContext } from "../machine-context.ts";
import { openQmp } from "../qmp/qmp.ts";

const runState = z.object({ status: z.string() });

/** QEMU's information about a guest that does not respond. */
export interface UnresponsiveGuest {
  /**
   * Whether QEMU suspended the guest because this computer's disk rejected its writes. QEMU does so
   * for ENOSPC by default, without a message.
   */
  readonly diskRefused: boolean;
  readonly lines: readonly string[];
}

/** Queries QEMU about a guest that does not respond. Never throws: it explains another failure. */
export async function explainUnresponsiveGuest({
  name,
  files,
}: MachineContext): Promise<UnresponsiveGuest> {
  try {
    await using qmp = await openQmp({
      path: files.qmp,
      machine: name,
      timeoutMs: 2_000,
      replyMs: 2_000,
    });
    const { status } = runState.parse(await qmp.execute("query-status"));
    const { low, line } = await freeSpace(files.disk);
    const diskRefused = status === "io-error";
    return {
      diskRefused,
      lines: [`QEMU reports: ${status}`, ...(diskRefused || low ? [line] : [])],
    };
  } catch (error) {
    return {
      diskRefused: false,
      lines: [`QEMU does not respond: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}
