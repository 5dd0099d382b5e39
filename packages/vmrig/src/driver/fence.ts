import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Fence } from "./driver.ts";
import { explainWriteErrors } from "../local-files/explain-write-errors.ts";

/**
 * The largest fence that a machine has seen, kept on this computer, outside of what a rollback
 * rewinds.
 *
 * It is a folder with one empty file per fence: making a file is atomic and can never lower the
 * maximum, so two holders need no lock to agree on who is newer. A check alone could still be
 * overtaken between itself and the act: a driver checks, and acts, while it has the machine for
 * itself (see {@link inTurn}).
 *
 * @throws VmrigError `FENCED` when the machine has seen a larger one; `STATE_UNWRITABLE` when it
 *   cannot be kept
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
      hint: "this run lost its lease and somebody else has used the machine since: start the run again",
    });
  }
  await Promise.all(
    seen
      .filter((value) => value < fence)
      .map((value) => rm(join(folder, String(value)), { force: true })),
  );
}
