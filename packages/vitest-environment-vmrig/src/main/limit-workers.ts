import type { TestProject } from "vitest/node";

/**
 * Placeholder for a user who sets no number of workers. The global setup, which knows the number
 * of copies, replaces it.
 */
export const AS_MANY_AS_COPIES = 1_000_000;
/**
 * Vitest requires a separate group for projects that are not isolated. This group runs after the
 * others, so that quick unit tests fail first.
 */
export const GROUP = 1000;

type Config = TestProject["config"];

/**
 * Returns the number of workers from the user's config, or from `--maxWorkers`, which Vitest 5
 * writes to the same place; undefined when neither is set.
 */
export function askedWorkers({ maxWorkers }: Config): number | undefined {
  return maxWorkers === AS_MANY_AS_COPIES ? undefined : maxWorkers;
}

/**
 * Limits the number of workers. Vitest requires one number per group, so each number gets a
 * separate group.
 */
export function limitWorkers(config: Config, workers: number): void {
  config.maxWorkers = workers;
  if (config.sequence.groupOrder === GROUP) config.sequence.groupOrder += workers - 1;
}
