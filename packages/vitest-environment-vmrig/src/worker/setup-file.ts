import { aroundAll, aroundEach, expect, type RunnerTestSuite } from "vitest";
import { isVmrigError, type VmrigError } from "vmrig";
import { createTranscript } from "vmrig/worker";
import { claimFile, type ClaimedFile } from "./claim-for-file.ts";
import { pauses } from "./gate-client.ts";
import { keepEvidence } from "./keep-evidence.ts";
import { matchers } from "./matchers.ts";
import { errorsOf } from "./reported-error.ts";
import { machineTime, runTest } from "./run-test.ts";
import { aroundEachDescribe } from "./suite-hooks.ts";
import { worker } from "./worker-state.ts";

/**
 * Longer than the gate's own deadlines: waiting in the queue, provisioning and booting each end in
 * an error that names what was waited for. So do rollbacks, setups and pauses.
 */
const CLAIM_MS = 3_600_000;
const START_MS = 3_600_000;

// A terminal's Ctrl-C reaches the workers, too. The main process cancels the workers in order, so
// that hooks run.
if (process.send !== undefined && process.listenerCount("SIGINT") === 0)
  process.on("SIGINT", () => {});

expect.extend(matchers);

const mayPause = pauses();

// State of the current test file. It is passed on explicitly: modules may outlive a file.
let claimed: ClaimedFile | undefined;
/** Why the tests of this file are skipped. */
let skipped: VmrigError | undefined;

// oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of fixtures from here
aroundAll(async (runSuite, {}, suite) => {
  const file = await claimFile();
  if ("skipped" in file) {
    skipped = file.skipped;
    return runSuite();
  }
  claimed = file;
  const { claim, ran } = file;
  worker().claim = claim;
  try {
    const around = (part: RunnerTestSuite, run: () => Promise<void>): Promise<void> =>
      withEvidence(file, part, run);
    aroundEachDescribe(suite, around);
    await around(suite, runSuite);
  } finally {
    claimed = undefined;
    delete worker().claim;
    await claim.release([...ran].some((task) => task.result?.state === "fail"));
  }
}, CLAIM_MS);

/** Collects the evidence of a failed `beforeAll` or `afterAll`. */
async function withEvidence(
  { claim, settings }: ClaimedFile,
  suite: RunnerTestSuite,
  run: () => Promise<void>,
): Promise<void> {
  const since = machineTime();
  const transcript = createTranscript(settings.secrets);
  const outer = claim.observer;
  claim.observer = transcript.observer;
  await run();
  claim.observer = outer;
  const errors = errorsOf(suite);
  await keepEvidence({ task: suite, errors, claim, transcript, since, wanted: [], ...settings });
}

aroundEach(
  async (runIt, { task, skip }) => {
    if (skipped !== undefined) skip(skipped.summary);
    if (claimed === undefined) throw new Error("vmrig: a test ran while its file held no machines");
    if (claimed.claim.signal.aborted) skip(reasonOf(claimed.claim.signal));
    await runTest(claimed, { task, run: runIt, mayPause });
  },
  // The gate limits a pause to the config's `keepFor`.
  mayPause ? 0 : START_MS,
);

function reasonOf({ reason }: AbortSignal): string {
  return isVmrigError(reason) ? reason.summary : String(reason);
}
