import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";
import { processIdentity } from "../../local-files/identity-schema.ts";
import { identifyProcess, type ProcessState } from "../../local-files/process-identity.ts";
import { recordedProcessState } from "../../local-files/recorded-process.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { StateFiles } from "../state-files.ts";

const RECORD = z.object({
  engine: processIdentity,
  /** Fence of the run. */
  fence: z.number().int(),
  /** Version of the state that the engine started from. */
  base: z.number().int(),
});

/**
 * The engine that applies on this computer, or that left a state that it could not save. Exists
 * from the start of an apply until its state is saved.
 */
export type EngineRecord = z.infer<typeof RECORD>;

/** An engine ends by itself soon after its gate: it then saves what it can. */
const END_MS = 120_000;

export async function recordEngine(
  files: StateFiles,
  pid: number,
  run: Omit<EngineRecord, "engine">,
): Promise<void> {
  await writeJsonAtomically(files.engine, { engine: await identifyProcess(pid), ...run });
}

/** @returns `undefined` when the last apply saved its state, or when the record is not readable */
export async function readEngineRecord(files: StateFiles): Promise<EngineRecord | undefined> {
  try {
    return RECORD.parse(JSON.parse(await readFile(files.engine, "utf8")));
  } catch {
    return undefined;
  }
}

export async function forgetEngine(files: StateFiles): Promise<void> {
  await rm(files.engine, { force: true });
}

/** Whether the engine of a killed run may still change machines of this computer. */
export async function isEngineRunning(files: StateFiles): Promise<boolean> {
  const record = await readEngineRecord(files);
  return record !== undefined && (await engineState(files, record)) !== "ended";
}

/** The claim that proves the end of a process of another container is that of the copy's folder. */
async function engineState(
  { folder }: StateFiles,
  { engine }: EngineRecord,
): Promise<ProcessState> {
  return await recordedProcessState(engine, dirname(folder));
}

/**
 * Waits until the engine of a killed run has ended. Until then it may change machines, and the
 * state that it leaves is not complete.
 *
 * @throws VmrigError `TERRAFORM_FAILED` at the deadline; the signal's reason
 */
export async function waitForEarlierEngine(options: {
  readonly files: StateFiles;
  readonly copy: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}): Promise<void> {
  const { files, copy, signal, say } = options;
  const record = await readEngineRecord(files);
  if (record === undefined) return;
  const { engine } = record;
  const stateOf = () => engineState(files, record);
  if ((await stateOf()) === "ended") return;
  say(`state: waiting for the Terraform of an earlier run of ${copy} to end`);
  await waitFor({
    what: "the end of an earlier Terraform",
    on: copy,
    timeoutMs: END_MS,
    code: "TERRAFORM_FAILED",
    hint: `end process ${engine.pid}, and run again`,
    signal,
    probe: async () => {
      const state = await stateOf();
      return state === "ended"
        ? { value: undefined }
        : { seen: `process ${engine.pid} is ${state}` };
    },
  });
}
