import type { RunnerTestCase } from "vitest";
import {
  checkOptions,
  createTranscript,
  systemClock,
  toDate,
  watchForLeftovers,
} from "vmrig/worker";
import { FILE_OPTIONS } from "../options.ts";
import type { ClaimedFile } from "./claim-for-file.ts";
import { fileOptions } from "./environment.ts";
import { keepEvidence } from "./keep-evidence.ts";
import { pauseAt } from "./pause.ts";
import { errorsOf, type ReportedError } from "./reported-error.ts";
import { setupOf } from "./setup-once.ts";
import { worker } from "./worker-state.ts";

/** Maximum lag of a machine's clock: the command that sets the clock takes time itself. */
const CLOCK_SLACK_MS = 1_000;

/** Returns the time on the machines, not later than now. */
export function machineTime(): Date {
  return toDate(systemClock.wall() - CLOCK_SLACK_MS);
}

export interface TestRun {
  readonly task: RunnerTestCase;
  readonly run: () => Promise<void>;
  /** Whether a failed test pauses until a person continues the run. */
  readonly mayPause: boolean;
}

/** Runs a test on the machines of its file: restores its start state, and keeps its evidence. */
export async function runTest(file: ClaimedFile, { task, run, mayPause }: TestRun): Promise<void> {
  const { claim, settings, ran } = file;
  checkOptions("`meta.vmrig`", task.meta.vmrig, FILE_OPTIONS, "CONFIG_INVALID");
  // Vitest's own counters do not help here: Vitest counts a repetition only after the hooks around
  // it have begun.
  const again = ran.has(task);
  ran.add(task);
  const { rollback, strict } = { ...settings.policy, ...fileOptions(), ...task.meta.vmrig };
  const setup = setupOf(task);

  // 1. Bind the commands, the transcript and the evidence to this test.
  // A test that has lost its machines ends immediately, whatever it waits for. Vitest ends a test
  // by this signal, and creates a new signal for each attempt. Returning before the test has ended
  // does not work: Vitest then never starts the next test in its place.
  const signal = AbortSignal.any([task.context.signal, claim.signal]);
  Object.assign(task.context, { signal });
  const transcript = createTranscript(settings.secrets);
  const wanted = (worker().wanted = []);
  // Errors of earlier attempts already have their evidence.
  const known = task.result?.errors?.length ?? 0;
  /** Errors from outside of the test itself, which Vitest has not recorded yet. */
  const thrown: ReportedError[] = [];
  const errors = (): readonly ReportedError[] => [...errorsOf(task, known), ...thrown];
  let since = machineTime();
  // Commands of a test end with its timeout. A test that ends in time may leave commands running.
  claim.scope = signal;
  const outer = claim.observer;
  claim.observer = transcript.observer;
  const end = claim.begin();
  file.annotate = (words) => void task.context.annotate(words, "vmrig").catch(() => {});
  try {
    // 2. Restore the state from which it starts.
    await file.startState.begin({ setup, clean: rollback === "test" || again });
    // A test that starts with a rollback sees nothing of the tests before it.
    const leftovers =
      strict !== false && setup === undefined && rollback !== "test"
        ? await watchForLeftovers(claim)
        : undefined;
    // 3. Run it.
    since = machineTime();
    claim.since = since;
    await run();
    // 4. Look for what it left behind.
    const left = errors().length === 0 ? await leftovers?.() : undefined;
    // oxlint-disable-next-line no-console -- every Vitest reporter shows it
    if (left !== undefined && strict === "report") console.warn(`vmrig: ${left.message}`);
    else if (left !== undefined) throw left;
  } catch (error) {
    thrown.push(...(error instanceof Error ? [error] : []));
    throw error;
  } finally {
    claim.scope = undefined;
    claim.since = undefined;
    claim.observer = outer;
    worker().wanted = undefined;
    // 5. Collect the evidence, before the next test, a rollback or the release changes the machines.
    // A test that has run no commands gets no evidence when the failure is outside of the test: its
    // rollback failed, or a setup that ran for another test.
    if (thrown.length === 0 || transcript.text() !== "") {
      await keepEvidence({ task, errors: errors(), claim, transcript, since, wanted, ...settings });
    }
    if (mayPause) await pauseAt(task, errors(), claim);
    // 6. Clean up.
    await end();
  }
}
