import { authorityCases } from "./contract/authority.ts";
import { checkpointCases } from "./contract/checkpoints.ts";
import { removalCases } from "./contract/removal.ts";
import type { ContractCase, ContractHarness } from "./contract/harness.ts";
import { faultCases } from "./contract/faults.ts";
import { recoveryCases } from "./contract/recovery.ts";
import { provisioningCases } from "./contract/provisioning.ts";
import { orphanCases } from "./contract/orphans.ts";
import { snapshotCases } from "./contract/snapshots.ts";
import { TestMachines } from "./contract/test-machines.ts";
import { togetherCases } from "./contract/together.ts";

export type {
  ContractCase,
  ContractHarness,
  ContractTerraform,
  PlantedOrphan,
} from "./contract/harness.ts";

/**
 * Contract suite that every driver must pass, for any test runner:
 *
 * ```ts
 * for (const { title, run } of driverContract(harness)) test(title, run);
 * ```
 *
 * The cases run in order on machines that are created once, booted once and restored about twenty
 * times. The last cases remove the machines. After a failed case, the later cases still run.
 * Capabilities that a driver or a harness does not declare are not tested.
 */
export function driverContract(harness: ContractHarness): readonly ContractCase[] {
  const testMachines = new TestMachines(harness);
  return [
    ...provisioningCases(testMachines),
    ...snapshotCases(testMachines),
    ...authorityCases(testMachines),
    ...recoveryCases(testMachines),
    ...togetherCases(testMachines),
    ...faultCases(testMachines),
    ...checkpointCases(testMachines),
    ...orphanCases(testMachines),
    ...removalCases(testMachines),
  ];
}
