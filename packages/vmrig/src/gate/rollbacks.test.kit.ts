import { vi, expect } from "vitest";
import type { Driver } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Run } from "./test-gate.test.kit.ts";

/** State of the fake driver, whose rollbacks are counted, can be held up, and can fail. */
export interface Rollbacks {
  readonly driver: Driver;
  /** Number of rollbacks that have begun. */
  begun: number;
  /** Each rollback waits for this promise, whatever its signal says. */
  held: Promise<void>;
  /** Copies whose machines cannot be restored. */
  readonly broken: Set<string>;
  /** Called by the next rollback. May throw. */
  first?: () => void;
}

export function rollbacks(): Rollbacks {
  const driver = fakeDriver();
  const watched: Rollbacks = {
    begun: 0,
    held: Promise.resolve(),
    broken: new Set(),
    driver: {
      ...driver,
      async restore(machine, snapshot, admission) {
        watched.begun += 1;
        const { first } = watched;
        delete watched.first;
        first?.();
        await watched.held;
        await driver.restore(machine, snapshot, admission);
        if (!watched.broken.has(machine.copy.copy)) return;
        throw new VmrigError("ROLLBACK_FAILED", {
          message: `The disk of ${machine.name} is damaged.`,
        });
      },
    },
  };
  return watched;
}

/** Holds up all rollbacks from now on. @returns a function that lets them continue */
export function holdUp(watched: Rollbacks): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  watched.held = promise;
  return resolve;
}

export async function until(condition: () => void): Promise<void> {
  await vi.waitFor(condition, { timeout: 30_000, interval: 10 });
}

export const begun = (watched: Rollbacks, count: number): Promise<void> =>
  until(() => expect(watched.begun).toBe(count));

/** Returns the lines of a run that begin with a word. */
export const linesOf = ({ logLines }: Run, word: string): string[] =>
  logLines.filter((line) => line.startsWith(word.padEnd(9)));
