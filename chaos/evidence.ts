import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Struck } from "./judge/violation.ts";

export interface Evidence {
  /** Every row of the witness. */
  readonly witness: string;
  /** What the runs printed, their gates' lines among it. */
  readonly log: string;
  readonly faults: readonly Struck[];
}

/** Keeps what happened: it is deleted with everything else otherwise. */
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
