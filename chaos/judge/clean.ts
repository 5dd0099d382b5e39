import { NOTHING_PROMISED, type Deed } from "../witness.ts";
import { describe } from "./order.ts";
import type { Violation } from "./violation.ts";

/**
 * There was no room on the disk for what the last command of the same visit wanted to leave behind.
 */
const EMPTY = "empty";

/**
 * Whoever gets machines finds each of them rolled back: nothing of the last command is there, and
 * the proof's nonce is a new one. And it stays that way: nobody rolls a machine back under its
 * holder. An ex-holder who is let in, as nobody else has come since, finds what he finds.
 */
export function judgeClean(deeds: readonly Deed[]): Violation[] {
  const violations: Violation[] = [];
  /** By machine, visit and nonce: a rollback in the middle of a visit begins another one. */
  const visits = new Map<string, { worked: boolean }>();
  const nonces = new Map<string, string>();
  const accuse = (deed: Deed, what: string): void =>
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
      accuse(
        deed,
        `was granted nonce ${deed.nonce} and found ${deed.found}: the rollback is not proven`,
      );
    if (visit === undefined) {
      const owner = nonces.get(`${machine} ${deed.nonce}`);
      if (owner !== undefined)
        accuse(deed, `found the nonce that proved a rollback for ${owner} already`);
      nonces.set(`${machine} ${deed.nonce}`, who);
      if (deed.remains !== "-") accuse(deed, `found what ${deed.remains} left behind`);
      visits.set(`${machine} ${who} ${own}`, { worked: false });
    } else if (![own, EMPTY].includes(deed.remains) && (visit.worked || deed.remains !== "-")) {
      accuse(
        deed,
        `found ${deed.remains === "-" ? "a machine that somebody had rolled back" : `what ${deed.remains} left behind`}`,
      );
    }
  }
  return violations;
}
