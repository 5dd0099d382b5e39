import type { TestProject } from "vitest/node";

/**
 * Stands where the user names no number of workers: the global set-up, which knows how many copies
 * there are, puts theirs in its place.
 */
export const AS_MANY_AS_COPIES = 1_000_000;
/**
 * Not isolated projects must have a group of their own. After the others: unit tests are quick, let
 * them fail first.
 */
export const GROUP = 1000;

type Config = TestProject["config"];

/**
 * The number of the user's config, or of `--maxWorkers`, which Vitest 5 puts in its place; nothing
 * when there is none.
 */
export function askedWorkers({ maxWorkers }: Config): number | undefined {
  return maxWorkers === AS_MANY_AS_COPIES ? undefined : maxWorkers;
}

/**
 * Has Vitest start so many workers. It wants one number in a group, so that each number gets a
 * group of its own.
 */
export function limitWorkers(config: Config, workers: number): void {
  config.maxWorkers = workers;
  if (config.sequence.groupOrder === GROUP) config.sequence.groupOrder += workers - 1;
}
