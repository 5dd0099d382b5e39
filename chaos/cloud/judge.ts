import type { Violation } from "../judge/violation.ts";
import { tally, type CloudCounts } from "../report.ts";
import type { ChaosRig } from "../rig/chaos-rig.ts";
import { sessionOf, type Cloud } from "./cloud.ts";
import { judgeCalls } from "./judge-calls.ts";
import { judgeEnd } from "./judge-end.ts";

/** Judges the calls of the API, and what is in the project after all runs have ended. */
export async function judgeCloud(
  rig: ChaosRig,
  cloud: Cloud,
  copies: readonly string[],
): Promise<{ readonly violations: readonly Violation[]; readonly counts: CloudCounts }> {
  const calls = await cloud.calls();
  const { violations, lateCalls } = judgeCalls(calls, sessionOf);
  const refused = calls.filter(({ status }) => status >= 400).map(({ status }) => `${status}`);
  const isCreation = (method: string, path: string) => method === "POST" && path === "/servers";
  return {
    violations: [...violations, ...(await judgeEnd(rig, cloud, copies))],
    counts: {
      calls: calls.length,
      refused: tally(refused),
      lateCalls,
      created: calls.filter((one) => one.status < 400 && isCreation(one.method, one.path)).length,
    },
  };
}
