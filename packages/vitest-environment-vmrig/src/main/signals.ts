import type { Vitest } from "vitest/node";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const CANCEL_MS = 5_000;
const CLOSE_MS = 30_000;

/**
 * Handles signals in place of Vitest, which exits within a millisecond of a signal and runs no
 * teardown. The first signal cancels the running tests, closes Vitest, which releases the machines,
 * and exits. A second signal exits immediately; the gate notices the closed pipe.
 *
 * @returns a function that restores the previous listeners
 */
export function takeOverSignals(vitest: Vitest): () => void {
  const names = Object.keys(EXIT_CODES) as ReadonlyArray<keyof typeof EXIT_CODES>;
  let seen = 0;
  const undo = names.map((name) => {
    const before = process.listeners(name);
    const leave = async (): Promise<void> => {
      if (++seen > 1) process.exit(EXIT_CODES[name]);
      vitest.logger.log(
        ` vmrig  ${name.padEnd(8)} ending the tests and releasing the machines (press again to exit immediately)`,
      );
      await atMost(CANCEL_MS, vitest.cancelCurrentRun("keyboard-input"));
      await atMost(CLOSE_MS, vitest.close());
      process.exit(EXIT_CODES[name]);
    };
    const listener = (): void => void leave();
    process.removeAllListeners(name);
    process.on(name, listener);
    return () => {
      process.off(name, listener);
      for (const old of before) process.on(name, old);
    };
  });
  return () => undo.forEach((each) => each());
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => {}), limit]);
  clearTimeout(timer);
}
