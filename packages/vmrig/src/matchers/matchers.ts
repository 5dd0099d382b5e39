import { accountLooks } from "./account-checks.ts";
import { commandLooks } from "./command-checks.ts";
import { fileLooks } from "./file-checks.ts";
import { partLooks } from "./resource-checks.ts";
import { shellLooks } from "./shell-checks.ts";
import type { Matcher } from "./matcher.ts";

/**
 * Every matcher by name. The docs and the tests walk this table, and the adapters of test runners register it; the types of the same names stand
 * in `assertions.ts`.
 */
export const MATCHERS = { ...fileLooks, ...commandLooks, ...partLooks, ...accountLooks, ...shellLooks } as const satisfies Readonly<
  Record<string, Matcher>
>;

export type MatcherName = keyof typeof MATCHERS;
