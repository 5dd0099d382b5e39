import { readFile } from "node:fs/promises";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Reads the record that a driver puts in place when a machine is complete. Only a missing record
 * makes a machine incomplete: whatever else prevents the reading may be temporary, and the machine
 * may be in use.
 *
 * @returns `undefined` when there is none
 * @throws VmrigError `STATE_LOST` when there is one that cannot be read, with the path and the
 *   reason as its only detail
 */
export async function readMachineRecord<T extends { readonly name: string }>(options: {
  readonly path: string;
  /** Name of the machine. */
  readonly name: string;
  readonly parse: (text: string) => T;
}): Promise<T | undefined> {
  const { path, name, parse } = options;
  try {
    const record = parse(await readFile(path, "utf8"));
    // A folder that was copied or renamed has the record of another machine.
    if (record.name !== name) throw new TypeError(`this is the record of ${record.name}`);
    return record;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const reason = cause instanceof Error ? cause.message.replaceAll(/\s+/g, " ") : String(cause);
    throw new VmrigError("STATE_LOST", {
      message: `The record of ${name} cannot be read.`,
      details: [`${path}: ${reason}`],
      hint: "make the file readable; or delete it, and the next run creates the machine again",
      cause,
    });
  }
}
