import { expect, expectTypeOf, test } from "vitest";
import { accountChecks } from "./account-checks.ts";
import type { MachineMatchers } from "./assertions.ts";
import { commandChecks } from "./command-checks.ts";
import { fileChecks } from "./file-checks.ts";
import { MATCHERS, type MatcherName } from "./matchers.ts";
import { resourceChecks } from "./resource-checks.ts";
import { shellChecks } from "./shell-checks.ts";

test("the types and the table name the same matchers, and no name is defined twice", () => {
  expectTypeOf<keyof MachineMatchers<unknown>>().toEqualTypeOf<MatcherName>();
  const names = [accountChecks, commandChecks, fileChecks, resourceChecks, shellChecks].flatMap(
    (checks) => Object.keys(checks),
  );
  expect(Object.keys(MATCHERS).toSorted()).toEqual(names.toSorted());
});
