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
 * The gate's own deadlines are shorter: waiting in line, provisioning and booting all end in an
 * error that says what was waited for. So do those of rollbacks, set-ups and pauses.
 */
const CLAIM_MS = 3_600_000;
const START_MS = 3_600_000;
/** By which the clock of a machine may be behind, because the order to set it took its time. */
const CLOCK_SLACK_MS = 1_000;

// A terminal's Ctrl-C reaches the workers too. The main process cancels them in an orderly way, so
// that hooks run.
if (process.send !== undefined && process.listenerCount("SIGINT") === 0)
  process.on("SIGINT", () => {});

expect.extend(matchers);

const mayPause = pauses();

/**
 * What the config says: how to begin a test, what to keep of one that fails, and what not to show
 * of it.
 */
let keeping:
  | {
      readonly policy: Pick<Welcome, "rollback" | "strict">;
      readonly wishes: Welcome["evidence"];
      readonly secrets: Secrets;
    }
  | undefined;
let starts: TestStartState | undefined;
/** Says something of the test that begins. */
let remark: (words: string) => void = () => {};
/** Why the tests of this file are skipped. */
let skipped: VmrigError | undefined;

/** The tests of this file, as far as they had their turn. */
const ran = new Set<RunnerTask>();

// oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of fixtures from here
aroundAll(async (runSuite, {}, suite) => {
  let busy: "wait" | "fail" | "skip" = "wait";
  const claim = await unlessCancelled(async () => {
    const client = await gateClient();
    const { rollback, strict, onBusy, evidence } = await client.hello();
    busy = onBusy;
    keeping = {
      policy: { rollback, strict },
      wishes: evidence,
      secrets: createSecrets(evidence.secrets.flatMap((name) => process.env[name] ?? [])),
    };
    return claimMachines(client, fileOptions().rollback ?? rollback);
  }).catch((error: unknown) => {
    if (!isVmrigError(error)) throw error;
    // A run that was cancelled, has lost a lease, or whose machines are kept, is over, and has its
    // one error already.
    const told =
      error.code === "LEASE_LOST" ||
      error.code === "CANCELLED" ||
      (error.code === "RIG_BUSY" && busy === "skip");
    if (!told) throw error;
    skipped = error;
    return undefined;
  });
  if (claim === undefined) return runSuite();
  worker().claim = claim;
  starts = createTestStartState({
    claim,
    onRemade: (why) =>
      remark(`the set-up is done once more, its checkpoint could not be brought back: ${why}`),
  });
  try {
    aroundEachDescribe(suite, withEvidence);
    await withEvidence(suite, runSuite);
  } finally {
    delete worker().claim;
    await claim.release([...ran].some((task) => task.result?.state === "fail"));
  }
}, CLAIM_MS);

/** Keeps the evidence of `beforeAll` and `afterAll`. */
async function withEvidence(suite: RunnerTestSuite, run: () => Promise<void>): Promise<void> {
  const { claim } = worker();
  if (claim === undefined || keeping === undefined) return run();
  const since = new Date(Date.now() - CLOCK_SLACK_MS);
  const transcript = createTranscript(keeping.secrets);
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
    ...keeping,
  });
}

aroundEach(
  async (runTest, { task, skip }) => {
    if (skipped !== undefined) skip(skipped.summary);
    const { claim } = worker();
    if (claim === undefined || keeping === undefined || starts === undefined)
      throw new Error("vmrig: a test runs outside of its file's claim");
    if (claim.signal.aborted) skip(reasonOf(claim.signal));
    // Not by Vitest's own counts: it counts a repetition only when the hooks around it have begun.
    const again = ran.has(task);
    ran.add(task);
    const { rollback, strict } = { ...keeping.policy, ...fileOptions(), ...task.meta.vmrig };
    const setup = setupOf(task);
    // A test that has lost its machines has nothing more to find out, whatever it waits for. Vitest
    // ends it by this signal, of which it makes another one for each attempt. To leave before the
    // test has ended would not do: Vitest then never gives its place to another one.
    const signal = AbortSignal.any([task.context.signal, claim.signal]);
    Object.assign(task.context, { signal });
    const transcript = createTranscript(keeping.secrets);
    const wanted = (worker().wanted = []);
    // Those of earlier attempts have their evidence.
    const known = task.result?.errors?.length ?? 0;
    /** What failed outside of the test itself, which Vitest has not seen yet. */
    const thrown: ReportedError[] = [];
    const errors = (): readonly ReportedError[] => [...errorsOf(task, known), ...thrown];
    let since = new Date(Date.now() - CLOCK_SLACK_MS);
    // Nor do its commands outlive it when its time is over. What a test that has ended in time
    // leaves running is its own affair.
    claim.scope = signal;
    const outer = claim.observer;
    claim.observer = transcript.observer;
    const end = claim.begin();
    remark = (words) => void task.context.annotate(words, "vmrig").catch(() => {});
    try {
      await starts.begin({ setup, clean: rollback === "test" || again });
      // What starts with a rollback finds nothing of what a test before it left.
      const leftovers =
        strict !== false && setup === undefined && rollback !== "test"
          ? await watchForLeftovers(claim)
          : undefined;
      since = new Date(Date.now() - CLOCK_SLACK_MS);
      claim.since = since;
      await runTest();
      const left = errors().length === 0 ? await leftovers?.() : undefined;
      // oxlint-disable-next-line no-console -- Vitest shows it as the test's, in every reporter
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
      // Before anything moves on: the next test, a rollback, the release. Where nothing was run
      // there is nothing of its own: a rollback failed, or a set-up that was not done for this
      // test.
      if (thrown.length === 0 || transcript.text() !== "") {
        await keepEvidence({
          task,
          errors: errors(),
          claim,
          transcript,
          since,
          wanted,
          ...keeping,
        });
      }
      if (mayPause) await pauseAt(task, errors(), claim);
      await end();
    }
    // The gate bounds a pause by the config's `keepFor`.
  },
  mayPause ? 0 : START_MS,
);

function reasonOf({ reason }: AbortSignal): string {
  return isVmrigError(reason) ? reason.summary : String(reason);
}
