import type { RunnerTask, RunnerTestCase } from "vitest";
import { isVmrigError } from "vmrig";
import type { ClaimSession } from "vmrig/worker";
import type { ReportedError } from "./reported-error.ts";

/**
 * Pauses at a test that has just failed, for as long as a person inspects its machines. Does
 * nothing for a test that passed. Never throws.
 */
export async function pauseAt(
  task: RunnerTestCase,
  [first]: readonly ReportedError[],
  claim: ClaimSession,
): Promise<void> {
  if (first === undefined || claim.signal.aborted) return;
  await claim.pause({ test: nameOf(task), error: first.message }).catch((error: unknown) => {
    // A lost claim or a gate that has ended ends the run anyway, with its own error.
    if (isVmrigError(error) && (error.code === "LEASE_LOST" || error.code === "GATE_LOST")) return;
    first.message = `${first.message}\n\nvmrig could not pause here: ${String(error)}`;
  });
}

function nameOf(task: RunnerTestCase): string {
  const names: string[] = [];
  for (let part: RunnerTask | undefined = task; part !== undefined; part = part.suite)
    names.unshift(part.name);
  return [task.file.name, ...names].join(" > ");
}
