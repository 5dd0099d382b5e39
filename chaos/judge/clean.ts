import { NOTHING_PROMISED, type MachineEvent } from "../event-log.ts";
import { describe } from "./order.ts";
import type { Violation } from "./violation.ts";

/** The disk was full when the previous command of the same visit wrote its remains. */
const EMPTY = "empty";

/**
 * Checks that each machine is rolled back when a holder gets it: nothing of the previous command is
 * there, and the nonce of the proof is new. Checks that no machine is rolled back under its holder.
 * Commands of an ex-holder, which the machine accepts as long as no other holder has come since,
 * are not checked.
 */
export function judgeClean(events: readonly MachineEvent[]): Violation[] {
  const violations: Violation[] = [];
  /** By machine, visit and nonce: a rollback in the middle of a visit begins a new entry. */
  const visits = new Map<string, { worked: boolean }>();
  const nonces = new Map<string, string>();
  const report = (event: MachineEvent, what: string): void =>
    void violations.push({ promise: "clean", what: `${describe(event)} ${what}` });

  for (const event of events) {
    if (event.nonce === NOTHING_PROMISED) continue;
    const machine = `${event.copy} ${event.machine}`;
    const own = `${event.fence}/${event.nonce}`;
    const who = `${event.session} ${event.visit}`;
    const visit = visits.get(`${machine} ${who} ${own}`);
    if (event.kind !== "begin") {
      if (visit !== undefined) visit.worked = true;
      continue;
    }
    if (event.found !== event.nonce)
      report(
        event,
        `was granted nonce ${event.nonce} and found ${event.found}: the rollback is not proven`,
      );
    if (visit === undefined) {
      const owner = nonces.get(`${machine} ${event.nonce}`);
      if (owner !== undefined)
        report(event, `found the nonce that proved a rollback for ${owner} already`);
      nonces.set(`${machine} ${event.nonce}`, who);
      if (event.remains !== "-") report(event, `found what ${event.remains} left behind`);
      visits.set(`${machine} ${who} ${own}`, { worked: false });
    } else if (![own, EMPTY].includes(event.remains) && (visit.worked || event.remains !== "-")) {
      report(
        event,
        `found ${event.remains === "-" ? "a machine that was rolled back under its holder" : `what ${event.remains} left behind`}`,
      );
    }
  }
  return violations;
}
