import type { MachineEvent } from "../event-log.ts";
import type { Violation } from "./violation.ts";

/**
 * Checks that holders of a copy do not interleave: after the first command of the next holder there
 * is none of the previous one.
 */
export function judgeExclusive(events: readonly MachineEvent[]): Violation[] {
  const violations: Violation[] = [];
  const current = new Map<string, MachineEvent>();
  const gone = new Map<string, Set<string>>();
  for (const event of events) {
    const before = current.get(event.copy);
    current.set(event.copy, event);
    if (before === undefined || holder(before) === holder(event)) continue;
    const ended = gone.get(event.copy) ?? new Set();
    gone.set(event.copy, ended.add(holder(before)));
    if (!ended.has(holder(event))) continue;
    violations.push({
      promise: "exclusive",
      what: `${describe(event)} came after ${describe(before)}, which is a later holder`,
    });
  }
  return violations;
}

/**
 * Checks that no machine accepts an older fence after a newer one, or a fence that it has not seen.
 */
export function judgeFences(events: readonly MachineEvent[]): Violation[] {
  const violations: Violation[] = [];
  const newest = new Map<string, MachineEvent>();
  const owners = new Map<string, string>();
  for (const event of events) {
    const before = newest.get(event.copy);
    if (before === undefined || event.fence > before.fence) newest.set(event.copy, event);
    else if (event.fence < before.fence)
      violations.push({
        promise: "fenced",
        what: `${describe(event)} was accepted after ${describe(before)}`,
      });
    if (event.seen < event.fence)
      violations.push({
        promise: "fenced",
        what: `${describe(event)} was accepted; the machine has only seen ${event.seen}`,
      });
    const grant = `${event.copy} ${event.fence}`;
    const owner = owners.get(grant) ?? event.session;
    owners.set(grant, owner);
    if (owner !== event.session)
      violations.push({
        promise: "fenced",
        what: `${describe(event)} shares its fence with ${owner}`,
      });
  }
  return violations;
}

export function describe({ kind, session, visit, machine, copy, fence, at }: MachineEvent): string {
  return `${kind} of ${session} ${visit} on ${copy} ${machine} (fence ${fence}, at ${at})`;
}

function holder({ session, visit, fence }: MachineEvent): string {
  return `${session} ${visit} ${fence}`;
}
