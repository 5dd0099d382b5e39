import type { RunnerTask } from "vitest";
import { isVmrigError, type VmrigError } from "vmrig";
import {
  checkOptions,
  claimMachines,
  createSecrets,
  createTestStartState,
  type ClaimSession,
  type Secrets,
  type TestStartState,
  type Welcome,
} from "vmrig/worker";
import { FILE_OPTIONS, type FileOptions, type VmrigOptions } from "../options.ts";
import { fileOptions } from "./environment.ts";
import { gateClient } from "./gate-client.ts";
import { unlessCancelled } from "./vitest-worker.ts";

/** Options of the config for a test file. */
export interface FileSettings {
  /** How a test starts. */
  readonly policy: Pick<Welcome, "rollback" | "strict">;
  /** Evidence of a failed test. */
  readonly evidenceOptions: Welcome["evidence"];
  /** Values that are redacted. */
  readonly secrets: Secrets;
}

/** A test file that has claimed its machines. */
export interface ClaimedFile {
  readonly claim: ClaimSession;
  readonly settings: FileSettings;
  readonly startState: TestStartState;
  /** Tests of this file that have started. */
  readonly ran: Set<RunnerTask>;
  /** Annotates the test that is starting. */
  annotate: (words: string) => void;
}

/** Claims the machines of a test file. Resolves with an error when its tests are to be skipped. */
export async function claimFile(): Promise<ClaimedFile | { readonly skipped: VmrigError }> {
  // Without a docblock, these are the options of the plugin.
  const { config: _, ...options } = fileOptions() as FileOptions & VmrigOptions;
  checkOptions("`@vitest-environment-options`", options, FILE_OPTIONS, "CONFIG_INVALID");
  let busy = "wait" as Welcome["onBusy"];
  try {
    return await unlessCancelled(async () => {
      const client = await gateClient();
      const { rollback, strict, onBusy, evidence } = await client.hello();
      busy = onBusy;
      const settings: FileSettings = {
        policy: { rollback, strict },
        evidenceOptions: evidence,
        secrets: createSecrets(evidence.secrets.flatMap((name) => process.env[name] ?? [])),
      };
      return toFile(await claimMachines(client, fileOptions().rollback ?? rollback), settings);
    });
  } catch (error) {
    if (!isVmrigError(error)) throw error;
    // A run that was cancelled, has lost a lease, or whose machines are retained is over, and its
    // one error has been reported already.
    const reported =
      error.code === "LEASE_LOST" ||
      error.code === "CANCELLED" ||
      (error.code === "RIG_BUSY" && busy === "skip");
    if (!reported) throw error;
    return { skipped: error };
  }
}

function toFile(claim: ClaimSession, settings: FileSettings): ClaimedFile {
  const file: ClaimedFile = {
    claim,
    settings,
    startState: createTestStartState({
      claim,
      onRemade: (why) =>
        file.annotate(
          `vmrig runs setupOnce again, because it could not restore the checkpoint: ${why}`,
        ),
    }),
    ran: new Set(),
    annotate: () => {},
  };
  return file;
}
