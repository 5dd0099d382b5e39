import { join } from "node:path";
import type { Machine } from "vmrig";
import { spawnGate } from "vmrig/runner";
import { claimMachines, connectGate, type ClaimSession } from "vmrig/worker";

export interface BenchRig extends AsyncDisposable {
  readonly claim: ClaimSession;
  readonly machine: Machine;
  /** SSH target for raw tools: what the last rollback granted to vmrig. */
  target(): Target;
  /** Name of the baseline's snapshot. */
  readonly snapshot: string;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
}

/**
 * Claims the rig of these benchmarks as a test run does. The first use creates and boots a machine.
 */
export async function openBenchRig(config = "vmrig.config.ts"): Promise<BenchRig> {
  const gate = await spawnGate({
    config: join(import.meta.dirname, config),
    onLine: (line) => console.log(`vmrig  ${line}`),
  });
  const client = await connectGate(gate.socket);
  const claim = await claimMachines(client, "file");
  const machine = claim.machines["pc1"];
  if (machine === undefined) throw new Error("the rig of the benchmarks has no pc1");
  return {
    claim,
    machine,
    snapshot: `baseline-${claim.baseline}`,
    target: () => claim.target("pc1"),
    async [Symbol.asyncDispose]() {
      await claim.release();
      client.close();
      await gate.close();
    },
  };
}
