import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Fence } from "./driver.ts";
import { explainWriteErrors } from "../local-files/explain-write-errors.ts";

/**
 * Checks a fence against the largest fence that a machine has seen. The largest fence is stored on
 * this computer, outside of the data that a rollback rewinds.
 *
 * The register is a folder with one empty file per fence: creating a file is atomic and never
 * lowers the maximum, so two holders need no lock to agree on the newer one. The check alone could
 * still be overtaken before the action: a driver checks and acts while it holds the machine's lock
 * (see `withFileLock`).
 *
 * @throws VmrigError `FENCED` when the machine has seen a larger fence; `STATE_UNWRITABLE` when the
 *   register cannot be written
 */
export async function passFence(folder: string, machine: string, fence: Fence): Promise<void> {
  await explainWriteErrors(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, String(fence)), "");
  });
  const seen = (await readdir(folder)).map(Number).filter((value) => Number.isSafeInteger(value));
  const largest = Math.max(...seen);
  if (largest > fence) {
    throw new VmrigError("FENCED", {
      message: `${machine} refuses fence ${fence}: it has seen ${largest}.`,
      hint: "this run lost its lease, and another run has used the machine since: start the run again",
    });
  }
  await Promise.all(
    seen
      .filter((value) => value < fence)
      .map((value) => rm(join(folder, String(value)), { force: true })),
  );
}
