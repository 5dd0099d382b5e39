import type { RunnerTestCase, RunnerTestSuite } from "vitest";
import { VmrigError, type Machine } from "vmrig";
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
import { worker } from "./worker.ts";

/**
 * Adds files of a machine to the evidence of the current test. When the test fails, vmrig reads the
 * last 256 KiB of each file, as root.
 *
 * @throws VmrigError `EVIDENCE_MISPLACED` outside of a test and its hooks
 */
export function evidence(machine: Pick<Machine, "name">, ...paths: readonly string[]): void {
  const { wanted } = worker();
  if (wanted === undefined) {
    throw new VmrigError("EVIDENCE_MISPLACED", {
      message: "evidence() was called outside of a test, so these files would never be collected.",
      hint: "call it in the test or a beforeEach, or name the files in the config: evidence: { files: […] }",
    });
  }
  wanted.push(...paths.map((path) => ({ machine: machine.name, path })));
}

/** An error in the shape that reporters show. */
export interface ReportedError {
  message: string;
  stack?: string | undefined;
}

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

/**
 * Returns the errors of a task after the first `known` ones, which belong to earlier attempts.
 * Returns none for a test that is expected to fail.
 */
export function errorsOf(
  task: RunnerTestCase | RunnerTestSuite,
  known = 0,
): readonly ReportedError[] {
  return task.type === "test" && task.fails === true
    ? []
    : (task.result?.errors?.slice(known) ?? []);
}

/**
 * Adds the task's location to the stack. The reporter of GitHub Actions leaves out an error whose
 * stack names no file of the project.
 */
function addLocation(error: ReportedError, { file, location }: Failure["task"]): void {
  if (location === undefined || error.stack === undefined || error.stack.includes(file.filepath))
    return;
  error.stack = `${error.stack}\n    at ${file.filepath}:${location.line}:${location.column}`;
}

/**
 * Adds text to the message and to the stack, because reporters show the message, the stack, or
 * both.
 */
function append(error: ReportedError, text: string): void {
  const { message, stack } = error;
  error.message = `${message}\n\n${text}`;
  if (stack !== undefined && stack.includes(message))
    error.stack = stack.replace(message, () => error.message);
}
