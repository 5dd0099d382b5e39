import type { RunnerTestCase, RunnerTestSuite } from "vitest";
import {
  collectEvidence,
  hideIn,
  type ClaimSession,
  type Secrets,
  type Transcript,
  type WantedFile,
  type Welcome,
} from "vmrig/worker";
import { attach } from "./attachment.ts";
import { type ReportedError, addLocation, append } from "./reported-error.ts";

interface Failure {
  /** The failed test, or the suite whose `beforeAll` or `afterAll` failed. */
  readonly task: RunnerTestCase | RunnerTestSuite;
  /** Errors of this attempt. */
  readonly errors: readonly ReportedError[];
  readonly claim: ClaimSession;
  readonly transcript: Transcript;
  readonly since: Date;
  /**
   * Evidence options of the config. They are read when the file claims its machines, because the
   * gate may have ended by now.
   */
  readonly evidenceOptions: Welcome["evidence"];
  readonly wanted: readonly WantedFile[];
  readonly secrets: Secrets;
}

/**
 * Collects the evidence of a test or suite that has just failed, attaches the evidence, and adds
 * its most telling lines to the first error. Does nothing without errors. Never throws.
 */
export async function keepEvidence({
  task,
  errors,
  claim,
  transcript,
  since,
  evidenceOptions,
  wanted,
  secrets,
}: Failure): Promise<void> {
  const [first] = errors;
  if (first === undefined) return;
  for (const error of errors) {
    hideIn(error, secrets);
    addLocation(error, task);
  }
  try {
    const names = Object.keys(claim.machines);
    const found = await collectEvidence({
      copy: claim.copy,
      machines: claim.evidenceMachines,
      transcript,
      since,
      files: [
        ...evidenceOptions.files.flatMap((path) => names.map((machine) => ({ machine, path }))),
        ...wanted,
      ],
      console: (machine) => claim.console(machine),
      secrets,
      timeoutMs: evidenceOptions.timeoutMs,
    });
    const path = await attach(task, claim.copy, found).catch(
      (error: unknown) => `could not be written: ${String(error)}`,
    );
    append(
      first,
      [`evidence of ${claim.copy}: ${path}`, ...found.highlights.map((line) => `  ${line}`)].join(
        "\n",
      ),
    );
  } catch (error) {
    append(
      first,
      secrets.hide(`evidence of ${claim.copy}: could not be collected: ${String(error)}`),
    );
  }
}
