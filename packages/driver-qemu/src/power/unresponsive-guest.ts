import { z } from "zod";
import { freeSpace } from "../disk-space.ts";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import { openQmp } from "../qmp/qmp.ts";

const runState = z.object({ status: z.string() });

/** Why a guest says nothing, as far as QEMU knows. */
export interface UnresponsiveGuest {
  /**
   * QEMU stopped the guest because this computer's disk did not take what it wrote: by default it
   * does so for ENOSPC, without a word.
   */
  readonly diskRefused: boolean;
  readonly lines: readonly string[];
}

/** Asks QEMU about a guest that does not answer. Never throws: it explains another failure. */
export async function explainUnresponsiveGuest(
  machine: MachineDefinition,
): Promise<UnresponsiveGuest> {
  const files = machineFiles(machine, machine.name);
  try {
    await using qmp = await openQmp({
      path: files.qmp,
      machine: machine.name,
      timeoutMs: 2_000,
      answerMs: 2_000,
    });
    const { status } = runState.parse(await qmp.execute("query-status"));
    const { little, line } = await freeSpace(files.disk);
    const diskRefused = status === "io-error";
    return {
      diskRefused,
      lines: [`QEMU says: ${status}`, ...(diskRefused || little ? [line] : [])],
    };
  } catch (error) {
    return {
      diskRefused: false,
      lines: [`QEMU says nothing: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}
