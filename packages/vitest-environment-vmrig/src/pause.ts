import type { RunnerTask, RunnerTestCase } from "vitest";
import { isVmrigError } from "vmrig";
import type { ClaimSession } from "vmrig/worker";
import type { ReportedError } from "./evidence.ts";

/**
 * Waits at a test that has just failed, and at no other, for as long as a person looks at its
 * machines. Never throws.
 */
export async function pauseAt(
  task: RunnerTestCase,
  [first]: readonly ReportedError[],
  claim: ClaimSession,
): Promise<void> {
  if (first === undefined || claim.signal.aborted) return;
  await claim.pause({ test: nameOf(task), error: first.message }).catch((error: unknown) => {
    // A claim that is lost, or a gate that is gone, ends the run anyway, and says why.
    if (isVmrigError(error) && (error.code === "LEASE_LOST" || error.code === "GATE_LOST")) return;
    first.message = `${first.message}\n\nvmrig could not pause here: ${String(error)}`;
  });
}

/** As reporters write it: `tests/a.test.ts > a suite > a test`. */
function nameOf(task: RunnerTestCase): string {
  const names: string[] = [];
  for (let part: RunnerTask | undefined = task; part !== undefined; part = part.suite)
    names.unshift(part.name);
  return [task.file.name, ...names].join(" > ");
}
