import type { Deed } from "../witness.ts";
import type { Violation } from "./violation.ts";

/**
 * Checks that holders of a copy do not interleave: after the first command of the next holder there
 * is none of the previous one.
 */
export function judgeExclusive(deeds: readonly Deed[]): Violation[] {
  const violations: Violation[] = [];
  const current = new Map<string, Deed>();
  const gone = new Map<string, Set<string>>();
  for (const deed of deeds) {
    const before = current.get(deed.copy);
    current.set(deed.copy, deed);
    if (before === undefined || holder(before) === holder(deed)) continue;
    const ended = gone.get(deed.copy) ?? new Set();
    gone.set(deed.copy, ended.add(holder(before)));
    if (!ended.has(holder(deed))) continue;
    violations.push({
      promise: "exclusive",
      what: `${describe(deed)} came after ${describe(before)}, which is a later holder`,
    });
  }
  return violations;
}

/**
 * Checks that no machine accepts an older fence after a newer one, or a fence that it has not seen.
 */
export function judgeFences(deeds: readonly Deed[]): Violation[] {
  const violations: Violation[] = [];
  const newest = new Map<string, Deed>();
  const owners = new Map<string, string>();
  for (const deed of deeds) {
    const before = newest.get(deed.copy);
    if (before === undefined || deed.fence > before.fence) newest.set(deed.copy, deed);
    else if (deed.fence < before.fence)
      violations.push({
        promise: "fenced",
        what: `${describe(deed)} was accepted after ${describe(before)}`,
      });
    if (deed.seen < deed.fence)
      violations.push({
        promise: "fenced",
        what: `${describe(deed)} was accepted; the machine has only seen ${deed.seen}`,
      });
    const grant = `${deed.copy} ${deed.fence}`;
    const owner = owners.get(grant) ?? deed.session;
    owners.set(grant, owner);
    if (owner !== deed.session)
      violations.push({
        promise: "fenced",
        what: `${describe(deed)} shares its fence with ${owner}`,
      });
  }
  return violations;
}

export function describe({ kind, session, visit, machine, copy, fence, at }: Deed): string {
  return `${kind} of ${session} ${visit} on ${copy} ${machine} (fence ${fence}, at ${at})`;
}

function holder({ session, visit, fence }: Deed): string {
  return `${session} ${visit} ${fence}`;
}
