import { describeHolder } from "./holder.ts";
import type { Holder } from "./lease.ts";
import { duration } from "./duration.ts";

/** What a waiter sees of the line that it stands in. */
export interface WaitingLine {
  readonly resource: string;
  /** 1 = next. */
  readonly position: number;
  /** How many wait, this one included. */
  readonly waiting: number;
  /** How long this one has waited so far. */
  readonly waitedMs: number;
  /** Missing while the lock is free and the next in line has not yet taken it. */
  readonly holder?: Holder;
  /** For how long the holder has held it, by Redis' clock. */
  readonly heldForMs?: number;
  /** When the lease runs out if it is not renewed. */
  readonly expiresInMs?: number;
}

/** `pcs-1 is held by alice@laptop (vitest run x) for 41 s; you are 2nd in line` */
export function renderWaitingLine(line: WaitingLine): string {
  return `${line.resource} is ${renderHold(line)}; you are ${line.position === 1 ? "next" : `${ordinal(line.position)} in line`}`;
}

/** `held by alice@laptop (vitest run x) for 41 s` */
export function renderHold(hold: Pick<WaitingLine, "holder" | "heldForMs">): string {
  if (hold.holder === undefined) return "free for the next in line";
  return `held by ${describeHolder(hold.holder)}${hold.heldForMs === undefined ? "" : ` for ${duration(hold.heldForMs)}`}`;
}

function ordinal(n: number): string {
  const suffix = { one: "st", two: "nd", few: "rd" }[new Intl.PluralRules("en", { type: "ordinal" }).select(n) as string] ?? "th";
  return `${n}${suffix}`;
}
