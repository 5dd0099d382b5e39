import { isDeed, type Row } from "../witness.ts";
import type { Struck, Violation } from "./violation.ts";

/**
 * A lease, as the machines saw it. Its fence tells when it was granted: it is the server's clock in
 * microseconds.
 */
interface Granted {
  readonly session: string;
  readonly fence: number;
  /** When its run had asked for it. */
  readonly asked: number;
}

/** A place in line, from when the run's gate said that it stands there. */
export interface Wait {
  readonly session: string;
  readonly from: number;
  /** When it showed itself on a machine; never, if it did not. */
  readonly to: number;
  /** How often somebody was granted a copy before it who had asked for one after it stood there. */
  readonly overtaken: number;
}

/** Everybody who stood in line, but for those who went away by themselves. */
export function waits(rows: readonly Row[]): Wait[] {
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
    if (!isDeed(row) || seen.has(`${row.copy} ${row.fence}`)) continue;
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

/** Those whom the line owed something: alive, and not hit by a fault while they stood there. */
export function patientWaits(rows: readonly Row[], faults: readonly Struck[]): Wait[] {
  return waits(rows).filter(
    ({ session, from, to }) =>
      !faults.some(
        (fault) => fault.sessions.includes(session) && fault.from <= to && fault.to >= from,
      ),
  );
}

/** Nobody of them is overtaken more often than the bound says. */
export function judgeFairness(
  rows: readonly Row[],
  faults: readonly Struck[],
  bound: number,
): Violation[] {
  return patientWaits(rows, faults)
    .filter(({ overtaken }) => overtaken > bound)
    .map(({ session, from, to, overtaken }) => ({
      promise: "fair",
      what: `${session} stood in line from ${from} to ${to} and was overtaken ${overtaken} times, more than ${bound}`,
    }));
}
