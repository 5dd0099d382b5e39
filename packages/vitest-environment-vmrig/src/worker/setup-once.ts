import { aroundAll, type RunnerTask, type RunnerTestFile, type RunnerTestSuite } from "vitest";
import { VmrigError } from "vmrig";
import type { Setup } from "vmrig/worker";
import type { MachineFixtures, RigFixture } from "./fixtures.ts";
import { worker } from "./worker-state.ts";
import { hookTimeout } from "./vitest-worker.ts";

/**
 * Fixtures of a setup: the machines, the rig, and a signal that aborts at the setup's timeout.
 */
export interface SetupFixtures extends RigFixture {
  readonly signal: AbortSignal;
}

/**
 * Declares a setup of the enclosing `describe`, or of the file, that is too expensive to repeat
 * for each test. It runs once, for the first test that runs, on machines at their baseline. Every
 * test then starts from a checkpoint of the result, retries and repeats included, as with a
 * rollback per test. A nested setup builds on the checkpoint of the outer one.
 *
 * When the setup fails, all its tests fail. The setup is not retried.
 *
 * @param setUp the setup; its result is awaited
 * @param timeoutMs @defaultValue Vitest's `hookTimeout`
 * @throws VmrigError `COMMAND_INVALID` when the time limit is not a number
 */
export function setupOnce(
  setUp: (fixtures: SetupFixtures & MachineFixtures) => unknown,
  timeoutMs: number = hookTimeout(),
): void {
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    throw new VmrigError("COMMAND_INVALID", {
      message: "The second argument of setupOnce() must be a number of milliseconds.",
      hint: "write setupOnce(fn, 300_000)",
    });
  }
  // `aroundAll` only registers the setup for its suite. The setup runs with the first test.
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of the fixtures from it
  aroundAll(async (runSuite, {}, suite) => {
    (worker().setups ??= new WeakMap()).set(suite, {
      title: "filepath" in suite ? suite.name : `"${suite.name}"`,
      // The previous setup in the same `describe`, or that of the enclosing one.
      within: setupOf(suite),
      timeoutMs,
      async work(signal) {
        const { claim } = worker();
        if (claim === undefined)
          throw new Error("vmrig: setupOnce ran while its file held no machines");
        await setUp({ ...claim.machines, rig: claim.rig, signal } as unknown as SetupFixtures &
          MachineFixtures);
      },
    });
    await runSuite();
  });
}

/** Returns the setup from whose checkpoint a test starts. */
export function setupOf(task: RunnerTask | RunnerTestFile): Setup | undefined {
  const { setups } = worker();
  let place: RunnerTask | RunnerTestSuite | RunnerTestFile | undefined = task;
  while (place !== undefined) {
    const found = setups?.get(place);
    if (found !== undefined) return found;
    place = place.suite ?? (place === place.file ? undefined : place.file);
  }
  return undefined;
}
