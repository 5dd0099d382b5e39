import { isMachineEvent, type ChaosEvent } from "../event-log.ts";
import type { AppliedFault, Violation } from "./violation.ts";

/**
 * A lease, as the machines saw it. Its fence is the time of the grant: the server's clock in
 * microseconds.
 */
interface Granted {
  readonly session: string;
  readonly fence: number;
  /** Row with which its run asked for it. */
  readonly asked: number;
}

/** An entry in the queue, from the time at which the run's gate reported it. */
export interface Wait {
  readonly session: string;
  readonly from: number;
  /** Time of the first command on a machine; infinite without one. */
  readonly to: number;
  /**
   * Number of runs that asked after this entry was in the queue and were granted a copy before it.
   */
  readonly overtaken: number;
}

/** Returns all entries of the queue except for runs that left by themselves. */
export function waits(rows: readonly ChaosEvent[]): Wait[] {
  const asked = new Map<string, number>();
  const stood = new Map<string, number>();
  const seen = new Set<string>();
  const grants: Granted[] = [];
  const found: {
    readonly session: string;
    readonly since: number;
    readonly fence: number;
    readonly to: number;
  }[] = [];
  for (const [index, row] of rows.entries()) {
    const { session } = row;
    if (row.kind === "ask") asked.set(session, index);
    else if (row.kind === "line") stood.set(session, index);
    else if (row.kind === "out") stood.delete(session);
    if (!isMachineEvent(row) || seen.has(`${row.copy} ${row.fence}`)) continue;
    seen.add(`${row.copy} ${row.fence}`);
    grants.push({ session, fence: row.fence, asked: asked.get(session) ?? 0 });
    const since = stood.get(session);
    if (since !== undefined) found.push({ session, since, fence: row.fence, to: row.at });
    stood.delete(session);
  }
  for (const [session, since] of stood)
    found.push({ session, since, fence: Infinity, to: Infinity });
  return found.map(({ session, since, fence, to }) => ({
    session,
    from: rows[since]?.at ?? 0,
    to,
    overtaken: grants.filter(
      (other) => other.session !== session && other.asked > since && other.fence < fence,
    ).length,
  }));
}

/**
 * Returns the waits that must be fair: the run was alive, and not hit by a fault while it was in
 * the queue.
 */
export function fairWaits(rows: readonly ChaosEvent[], faults: readonly AppliedFault[]): Wait[] {
  return waits(rows).filter(
    ({ session, from, to }) =>
      !faults.some(
        (fault) => fault.sessions.includes(session) && fault.from <= to && fault.to >= from,
      ),
  );
}

/** Checks that no run is overtaken more often than the bound allows. */
export function judgeFairness(
  rows: readonly ChaosEvent[],
  faults: readonly AppliedFault[],
  bound: number,
): Violation[] {
  return fairWaits(rows, faults)
    .filter(({ overtaken }) => overtaken > bound)
    .map(({ session, from, to, overtaken }) => ({
      promise: "fair",
      what: `${session} was in the queue from ${from} to ${to} and was overtaken ${overtaken} times, more than ${bound}`,
    }));
}
