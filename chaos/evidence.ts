import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AppliedFault } from "./judge/violation.ts";

export interface Evidence {
  /** Every row of the event log. */
  readonly eventLog: string;
  /** Output of the runs, including that of their gates. */
  readonly log: string;
  readonly faults: readonly AppliedFault[];
  /** Calls of the API of a cloud. */
  readonly calls?: readonly object[];
}

/** Copies the logs of a run to a folder; the rig's own files are deleted. */
export async function keepEvidence(
  folder: string,
  { eventLog, log, faults, calls }: Evidence,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all([
    cp(eventLog, join(folder, "events.log")),
    cp(log, join(folder, "runs.log")),
    writeFile(join(folder, "faults.json"), `${JSON.stringify(faults, undefined, 1)}\n`),
    calls &&
      writeFile(
        join(folder, "calls.jsonl"),
        calls.map((call) => `${JSON.stringify(call)}\n`),
      ),
  ]);
}
