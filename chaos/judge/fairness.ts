import { isDeed, type Row } from "../witness.ts";
import type { Struck, Violation } from "./violation.ts";

/** A lease, as the machines saw it. Its fence tells when it was granted: it is the server's clock in microseconds. */
interface Granted {
  readonly session: string;
  readonly fence: number;
  /** When its run had asked for it. */
  readonly asked: number;
}

/**
 * How often each grant's holder had been overtaken while it stood in line: by runs that asked after its gate had said that it stands there, and
 * were granted a copy before it.
 */
export function overtakings(rows: readonly Row[]): { readonly session: string; readonly from: number; readonly to: number; readonly by: number }[] {
  const asked = new Map<string, number>();
  const stood = new Map<string, number>();
  const seen = new Set<string>();
  const grants: Granted[] = [];
  const waits: { readonly session: string; readonly since: number; readonly fence: number; readonly at: number }[] = [];
  for (const [index, row] of rows.entries()) {
    const { session } = row;
    if (row.kind === "ask") asked.set(session, index);
    else if (row.kind === "line") stood.set(session, index);
    else if (row.kind === "out") stood.delete(session);
    if (!isDeed(row) || seen.has(`${row.copy} ${row.fence}`)) continue;
    seen.add(`${row.copy} ${row.fence}`);
    grants.push({ session, fence: row.fence, asked: asked.get(session) ?? 0 });
    const since = stood.get(session);
    if (since !== undefined) waits.push({ session, since, fence: row.fence, at: row.at });
    stood.delete(session);
  }
  return waits.map(({ session, since, fence, at }) => ({
    session,
    from: rows[since]?.at ?? 0,
    to: at,
    by: grants.filter((other) => other.session !== session && other.asked > since && other.fence < fence).length,
  }));
}

/** Nobody who stood in line alive, and was not hit by a fault meanwhile, is overtaken more often than the bound says. */
export function judgeFairness(rows: readonly Row[], faults: readonly Struck[], bound: number): Violation[] {
  return overtakings(rows)
    .filter(({ by }) => by > bound)
    .filter(({ session, from, to }) => !faults.some((fault) => fault.sessions.includes(session) && fault.from <= to && fault.to >= from))
    .map(({ session, from, to, by }) => ({
      promise: "fair",
      what: `${session} stood in line from ${from} to ${to} and was overtaken ${by} times, more than ${bound}`,
    }));
}
