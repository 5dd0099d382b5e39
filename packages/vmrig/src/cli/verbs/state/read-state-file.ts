import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { TextDecoder } from "node:util";
import { VmrigError } from "../../../errors/vmrig-error.ts";

/**
 * Reads a state that a person names on the command line.
 *
 * @throws VmrigError `CONFIG_INVALID` when it cannot be read, or is not UTF-8
 */
export async function readStateFile(cwd: string, file: string): Promise<string> {
  try {
    const bytes = await readFile(resolve(cwd, file));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `The state ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      cause: error,
    });
  }
}
