import { test } from "vitest";
import { compareAndSwapCases } from "./contract/compare-and-swap.test.kit.ts";
import { faultCases } from "./contract/faults.test.kit.ts";
import { fenceCases } from "./contract/fence.test.kit.ts";
import { historyCases } from "./contract/history.test.kit.ts";
import type { ContractCase, StoreHarness } from "./contract/harness.test.kit.ts";

/** Cases that every store must pass. Each uses a separate copy. */
export function stateStoreContract(harness: StoreHarness): readonly ContractCase[] {
  return [
    ...compareAndSwapCases(harness),
    ...fenceCases(harness),
    ...historyCases(harness),
    ...faultCases(harness),
  ];
}

/** Runs the contract as tests of the current file. */
export function testStateStore(harness: StoreHarness): void {
  for (const { title, run } of stateStoreContract(harness)) test(title, run);
}
