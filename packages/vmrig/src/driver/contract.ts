import { authorityCases } from "./contract/authority.ts";
import { checkpointCases } from "./contract/checkpoints.ts";
import { endingCases } from "./contract/cancellation.ts";
import type { ContractCase, ContractHarness } from "./contract/harness.ts";
import { faultCases } from "./contract/faults.ts";
import { healingCases } from "./contract/recovery.ts";
import { makingCases } from "./contract/provisioning.ts";
import { orphanCases } from "./contract/orphans.ts";
import { snapshotCases } from "./contract/snapshots.ts";
import { TestMachines } from "./contract/test-machines.ts";
import { togetherCases } from "./contract/together.ts";

export type { ContractCase, ContractHarness, PlantedOrphan } from "./contract/harness.ts";

/**
 * What every driver must keep, as claims for whichever test runner there is:
 *
 * ```ts
 * for (const { title, run } of driverContract(harness)) test(title, run);
 * ```
 *
 * The cases run in order on machines that are made once, booted once and restored about twenty
 * times; the last ones remove them. When one fails, those after it still say what they can. What a
 * driver or a harness declares not to have is not listed.
 */
export function driverContract(harness: ContractHarness): readonly ContractCase[] {
  const stage = new TestMachines(harness);
  return [
    ...makingCases(stage),
    ...snapshotCases(stage),
    ...authorityCases(stage),
    ...healingCases(stage),
    ...togetherCases(stage),
    ...faultCases(stage),
    ...checkpointCases(stage),
    ...orphanCases(stage),
    ...endingCases(stage),
  ];
}
