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
 * Names files of a machine that are kept, their last 256 KiB, should the test that runs now fail.
 * They are read then, as root.
 *
 * @throws VmrigError `EVIDENCE_MISPLACED` outside of a test, and of its hooks
 */
export function evidence(machine: Pick<Machine, "name">, ...paths: readonly string[]): void {
  const { wanted } = worker();
  if (wanted === undefined) {
    throw new VmrigError("EVIDENCE_MISPLACED", {
      message: "evidence() was called outside of a test: nothing would ever keep these files.",
      hint: "call it in the test or a beforeEach, or name the files in the config: evidence: { files: […] }",
    });
  }
  wanted.push(...paths.map((path) => ({ machine: machine.name, path })));
}

/** An error as a reporter shows it. */
export interface ReportedError {
  message: string;
  stack?: string | undefined;
}

interface Failure {
  /** A test, or what has a `beforeAll` or an `afterAll` that failed. */
  readonly task: RunnerTestCase | RunnerTestSuite;
  /** Of this attempt. */
  readonly errors: readonly ReportedError[];
  readonly claim: ClaimSession;
  readonly transcript: Transcript;
  readonly since: Date;
  /** What the config asks for, known since the claim: the gate may be gone by now. */
  readonly wishes: Welcome["evidence"];
  readonly wanted: readonly WantedFile[];
  readonly secrets: Secrets;
}

/**
 * Of what has just failed, and of nothing else: attaches what there is to see, and says the most of
 * it in its error. Never throws.
 */
export async function keepEvidence({
  task,
  errors,
  claim,
  transcript,
  since,
  wishes,
  wanted,
  secrets,
}: Failure): Promise<void> {
  const [first] = errors;
  if (first === undefined) return;
  for (const error of errors) {
    hideIn(error, secrets);
    place(error, task);
  }
  try {
    const names = Object.keys(claim.machines);
    const found = await collectEvidence({
      copy: claim.copy,
      machines: claim.lookers,
      transcript,
      since,
      files: [
        ...wishes.files.flatMap((path) => names.map((machine) => ({ machine, path }))),
        ...wanted,
      ],
      console: (machine) => claim.console(machine),
      secrets,
      timeoutMs: wishes.timeoutMs,
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
    append(first, secrets.hide(`evidence of ${claim.copy}: could not be had: ${String(error)}`));
  }
}

/** Why something has failed, behind its errors of earlier attempts; nothing where it should. */
export function errorsOf(
  task: RunnerTestCase | RunnerTestSuite,
  known = 0,
): readonly ReportedError[] {
  return task.type === "test" && task.fails === true
    ? []
    : (task.result?.errors?.slice(known) ?? []);
}

/** The reporter of GitHub Actions leaves out an error whose stack names no file of the project. */
function place(error: ReportedError, { file, location }: Failure["task"]): void {
  if (location === undefined || error.stack === undefined || error.stack.includes(file.filepath))
    return;
  error.stack = `${error.stack}\n    at ${file.filepath}:${location.line}:${location.column}`;
}

/** Reporters show the message, the stack, or both. */
function append(error: ReportedError, text: string): void {
  const { message, stack } = error;
  error.message = `${message}\n\n${text}`;
  if (stack !== undefined && stack.includes(message))
    error.stack = stack.replace(message, () => error.message);
}
