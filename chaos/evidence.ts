import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Struck } from "./judge/violation.ts";

export interface Evidence {
  /** Every row of the witness log. */
  readonly witness: string;
  /** Output of the runs, including that of their gates. */
  readonly log: string;
  readonly faults: readonly Struck[];
}

/** Copies the logs of a run to a folder; the scene's own files are deleted. */
export async function keepEvidence(
  folder: string,
  { witness, log, faults }: Evidence,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all([
    cp(witness, join(folder, "witness")),
    cp(log, join(folder, "runs.log")),
    writeFile(join(folder, "faults.json"), `${JSON.stringify(faults, undefined, 1)}\n`),
  ]);
}
