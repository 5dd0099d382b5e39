import type { Driver, MachineRef } from "../driver/driver.ts";
import { sinceRestored } from "../driver/restored-line.ts";
import { VmrigError } from "../errors/vmrig-error.ts";

const TAIL = 65_536;

/**
 * Returns the console output of a machine since its last restore: at most its last 65,536
 * characters.
 *
 * @throws VmrigError `CAPABILITY_MISSING` where the driver has none
 */
export async function consoleTail({ name, console }: Driver, machine: MachineRef): Promise<string> {
  if (console === undefined) {
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `The driver "${name}" does not support consoles.`,
    });
  }
  let tail = "";
  for await (const text of console(machine)) tail = (tail + text).slice(-TAIL);
  return sinceRestored(tail);
}
