import { writeFile } from "node:fs/promises";
import { explainWriteErrors } from "vmrig/driver";

/**
 * Creates an empty file, whose existence is the information.
 *
 * @throws VmrigError `STATE_UNWRITABLE`
 */
export async function setMarker(path: string): Promise<void> {
  await explainWriteErrors(path, () => writeFile(path, ""));
}
