import { NOTHING_PROMISED, type Deed } from "../witness.ts";
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
export function judgeClean(deeds: readonly Deed[]): Violation[] {
  const violations: Violation[] = [];
  /** By machine, visit and nonce: a rollback in the middle of a visit begins a new entry. */
  const visits = new Map<string, { worked: boolean }>();
  const nonces = new Map<string, string>();
  const report = (deed: Deed, what: string): void =>
    void violations.push({ promise: "clean", what: `${describe(deed)} ${what}` });

  for (const deed of deeds) {
    if (deed.nonce === NOTHING_PROMISED) continue;
    const machine = `${deed.copy} ${deed.machine}`;
    const own = `${deed.fence}/${deed.nonce}`;
    const who = `${deed.session} ${deed.visit}`;
    const visit = visits.get(`${machine} ${who} ${own}`);
    if (deed.kind !== "begin") {
      if (visit !== undefined) visit.worked = true;
      continue;
    }
    if (deed.found !== deed.nonce)
      report(
        deed,
        `was granted nonce ${deed.nonce} and found ${deed.found}: the rollback is not proven`,
      );
    if (visit === undefined) {
      const owner = nonces.get(`${machine} ${deed.nonce}`);
      if (owner !== undefined)
        report(deed, `found the nonce that proved a rollback for ${owner} already`);
      nonces.set(`${machine} ${deed.nonce}`, who);
      if (deed.remains !== "-") report(deed, `found what ${deed.remains} left behind`);
      visits.set(`${machine} ${who} ${own}`, { worked: false });
    } else if (![own, EMPTY].includes(deed.remains) && (visit.worked || deed.remains !== "-")) {
      report(
        deed,
        `found ${deed.remains === "-" ? "a machine that was rolled back under its holder" : `what ${deed.remains} left behind`}`,
      );
    }
  }
  return violations;
}
