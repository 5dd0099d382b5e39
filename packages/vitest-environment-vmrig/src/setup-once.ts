import { aroundAll, type RunnerTask, type RunnerTestFile, type RunnerTestSuite } from "vitest";
import type { Setup } from "vmrig/worker";
import type { MachineFixtures, RigFixture } from "./fixtures.ts";
import { hookTimeout, worker } from "./worker.ts";

/** What a set-up gets: the machines, the rig, and the signal that ends with its time. */
export interface SetupFixtures extends RigFixture {
  readonly signal: AbortSignal;
}

/**
 * A set-up of the `describe` that it stands in, or of the file, which costs too much to be done for
 * each test. It is done once, for the first test that runs, on machines at their baseline. Every
 * test then starts from a checkpoint of what it made: as it would with a rollback per test, retries
 * and repeats, too. Inside another one it builds on that one's checkpoint.
 *
 * When it fails, all its tests do, and it is not tried again.
 *
 * @param setUp is awaited
 * @param timeoutMs @defaultValue Vitest's `hookTimeout`
 */
export function setupOnce(
  setUp: (fixtures: SetupFixtures & MachineFixtures) => unknown,
  timeoutMs: number = hookTimeout(),
): void {
  // Around all, to know whose it is. It runs with the first test.
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of the fixtures from it
  aroundAll(async (runSuite, {}, suite) => {
    (worker().setups ??= new WeakMap()).set(suite, {
      title: "filepath" in suite ? suite.name : `"${suite.name}"`,
      // The one before it in the same describe, or the one around.
      within: setupOf(suite),
      timeoutMs,
      async work(signal) {
        const { claim } = worker();
        if (claim === undefined)
          throw new Error("vmrig: a set-up runs outside of its file's claim");
        await setUp({ ...claim.machines, rig: claim.rig, signal } as unknown as SetupFixtures &
          MachineFixtures);
      },
    });
    await runSuite();
  });
}

/** What a test starts from. */
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
