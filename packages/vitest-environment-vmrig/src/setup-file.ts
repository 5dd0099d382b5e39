import { aroundAll, aroundEach, expect, type RunnerTask, type RunnerTestSuite } from "vitest";
import { isVmrigError, type VmrigError } from "vmrig";
import {
  claimMachines,
  createSecrets,
  createTestStartState,
  createTranscript,
  type Secrets,
  type TestStartState,
  type Welcome,
  watchForLeftovers,
} from "vmrig/worker";
import { errorsOf, keepEvidence, type ReportedError } from "./evidence.ts";
import { fileOptions } from "./environment.ts";
import { matchers } from "./matchers.ts";
import { pauseAt } from "./pause.ts";
import { setupOf } from "./setup-once.ts";
import { aroundEachDescribe } from "./suite-hooks.ts";
import { gateClient, pauses, unlessCancelled, worker } from "./worker.ts";

/**
 * Longer than the gate's own deadlines: waiting in the queue, provisioning and booting each end in
 * an error that names what was waited for. So do rollbacks, set-ups and pauses.
 */
const CLAIM_MS = 3_600_000;
const START_MS = 3_600_000;
/** Maximum lag of a machine's clock: the command that sets the clock takes time itself. */
const CLOCK_SLACK_MS = 1_000;

// A terminal's Ctrl-C reaches the workers, too. The main process cancels the workers in order, so
// that hooks run.
if (process.send !== undefined && process.listenerCount("SIGINT") === 0)
  process.on("SIGINT", () => {});

expect.extend(matchers);

const mayPause = pauses();

/**
 * Options of the config for this file: how a test starts, which evidence a failed test has, and
 * which values are redacted.
 */
let settings:
  | {
      readonly policy: Pick<Welcome, "rollback" | "strict">;
      readonly evidenceOptions: Welcome["evidence"];
      readonly secrets: Secrets;
    }
  | undefined;
let startState: TestStartState | undefined;
/** Annotates the test that is starting. */
let annotate: (words: string) => void = () => {};
/** Why the tests of this file are skipped. */
let skipped: VmrigError | undefined;

/** Tests of this file that have started. */
const ran = new Set<RunnerTask>();

// oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of fixtures from here
aroundAll(async (runSuite, {}, suite) => {
  let busy: "wait" | "fail" | "skip" = "wait";
  const claim = await unlessCancelled(async () => {
    const client = await gateClient();
    const { rollback, strict, onBusy, evidence } = await client.hello();
    busy = onBusy;
    settings = {
      policy: { rollback, strict },
      evidenceOptions: evidence,
      secrets: createSecrets(evidence.secrets.flatMap((name) => process.env[name] ?? [])),
    };
    return claimMachines(client, fileOptions().rollback ?? rollback);
  }).catch((error: unknown) => {
    if (!isVmrigError(error)) throw error;
    // A run that was cancelled, has lost a lease, or whose machines are retained is over, and its
    // one error has been reported already.
    const reported =
      error.code === "LEASE_LOST" ||
      error.code === "CANCELLED" ||
      (error.code === "RIG_BUSY" && busy === "skip");
    if (!reported) throw error;
    skipped = error;
    return undefined;
  });
  if (claim === undefined) return runSuite();
  worker().claim = claim;
  startState = createTestStartState({
    claim,
    onRemade: (why) =>
      annotate(`the set-up runs once more because its checkpoint could not be restored: ${why}`),
  });
  try {
    aroundEachDescribe(suite, withEvidence);
    await withEvidence(suite, runSuite);
  } finally {
    delete worker().claim;
    await claim.release([...ran].some((task) => task.result?.state === "fail"));
  }
}, CLAIM_MS);

/** Collects the evidence of a failed `beforeAll` or `afterAll`. */
async function withEvidence(suite: RunnerTestSuite, run: () => Promise<void>): Promise<void> {
  const { claim } = worker();
  if (claim === undefined || settings === undefined) return run();
  const since = new Date(Date.now() - CLOCK_SLACK_MS);
  const transcript = createTranscript(settings.secrets);
  const outer = claim.observer;
  claim.observer = transcript.observer;
  await run();
  claim.observer = outer;
  await keepEvidence({
    task: suite,
    errors: errorsOf(suite),
    claim,
    transcript,
    since,
    wanted: [],
    ...settings,
  });
}

aroundEach(
  async (runTest, { task, skip }) => {
    if (skipped !== undefined) skip(skipped.summary);
    const { claim } = worker();
    if (claim === undefined || settings === undefined || startState === undefined)
      throw new Error("vmrig: a test runs outside of its file's claim");
    if (claim.signal.aborted) skip(reasonOf(claim.signal));
    // Vitest's own counters do not help here: Vitest counts a repetition only after the hooks
    // around it have begun.
    const again = ran.has(task);
    ran.add(task);
    const { rollback, strict } = { ...settings.policy, ...fileOptions(), ...task.meta.vmrig };
    const setup = setupOf(task);
    // A test that has lost its machines ends immediately, whatever it waits for. Vitest ends a test
    // by this signal, and creates a new signal for each attempt. Returning before the test has
    // ended does not work: Vitest then never starts the next test in its place.
    const signal = AbortSignal.any([task.context.signal, claim.signal]);
    Object.assign(task.context, { signal });
    const transcript = createTranscript(settings.secrets);
    const wanted = (worker().wanted = []);
    // Errors of earlier attempts already have their evidence.
    const known = task.result?.errors?.length ?? 0;
    /** Errors from outside of the test itself, which Vitest has not recorded yet. */
    const thrown: ReportedError[] = [];
    const errors = (): readonly ReportedError[] => [...errorsOf(task, known), ...thrown];
    let since = new Date(Date.now() - CLOCK_SLACK_MS);
    // Commands of a test end with its timeout. A test that ends in time may leave commands running.
    claim.scope = signal;
    const outer = claim.observer;
    claim.observer = transcript.observer;
    const end = claim.begin();
    annotate = (words) => void task.context.annotate(words, "vmrig").catch(() => {});
    try {
      await startState.begin({ setup, clean: rollback === "test" || again });
      // A test that starts with a rollback sees nothing of the tests before it.
      const leftovers =
        strict !== false && setup === undefined && rollback !== "test"
          ? await watchForLeftovers(claim)
          : undefined;
      since = new Date(Date.now() - CLOCK_SLACK_MS);
      claim.since = since;
      await runTest();
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
      // Evidence is collected before the next test, a rollback or the release changes the machines.
      // A test that has run no commands gets no evidence when the failure is outside of the test:
      // its rollback failed, or a set-up that ran for another test.
      if (thrown.length === 0 || transcript.text() !== "") {
        await keepEvidence({
          task,
          errors: errors(),
          claim,
          transcript,
          since,
          wanted,
          ...settings,
        });
      }
      if (mayPause) await pauseAt(task, errors(), claim);
      await end();
    }
    // The gate limits a pause to the config's `keepFor`.
  },
  mayPause ? 0 : START_MS,
);

function reasonOf({ reason }: AbortSignal): string {
  return isVmrigError(reason) ? reason.summary : String(reason);
}
