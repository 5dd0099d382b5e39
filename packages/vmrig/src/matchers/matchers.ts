import { accountChecks } from "./account-checks.ts";
import { commandChecks } from "./command-checks.ts";
import { fileChecks } from "./file-checks.ts";
import { resourceChecks } from "./resource-checks.ts";
import { shellChecks } from "./shell-checks.ts";
import type { Matcher } from "./matcher.ts";

/**
 * All matchers by name. Docs and tests iterate over this table, and the adapters of test runners
 * register it. `assertions.ts` declares the types of the same names.
 */
export const MATCHERS = {
  ...fileChecks,
  ...commandChecks,
  ...resourceChecks,
  ...accountChecks,
  ...shellChecks,
} as const satisfies Readonly<Record<string, Matcher>>;

export type MatcherName = keyof typeof MATCHERS;
