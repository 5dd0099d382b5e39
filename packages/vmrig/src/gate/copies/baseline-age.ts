import { upgradedAt } from "../../baseline/pristine.ts";
import type { SnapshotName } from "../../driver/driver.ts";
import type { UpToDate } from "./copy-record.ts";

export interface BaselineAgeOptions {
  /** Snapshots that the baseline was prepared from, by machine name. */
  readonly pristines: ReadonlyMap<string, SnapshotName>;
  readonly upToDate: UpToDate;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns how long ago, in milliseconds, the packages of all machines were the newest ones.
 *
 * The name of a snapshot has the time of an upgrade. The record has the time of the creation, and
 * of an upgrade that found nothing. A record that was lost makes a baseline older, never younger.
 *
 * @returns `undefined` when it is not known of a machine
 */
export function baselineAge({ pristines, upToDate, now }: BaselineAgeOptions): number | undefined {
  const ages = [...pristines].map(([machine, pristine]) => {
    const noted = upToDate[machine];
    const known = [upgradedAt(pristine), noted?.pristine === pristine ? noted.at : undefined];
    return now - Math.max(...known.map((at) => at ?? Number.NEGATIVE_INFINITY));
  });
  const age = Math.max(0, ...ages);
  return Number.isFinite(age) ? age : undefined;
}

const DAY_MS = 86_400_000;

/** Returns an age for people: `9 days`, `5 h`. */
export function inDays(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  if (days >= 2) return `${days} days`;
  return `${Math.floor(ms / 3_600_000)} h`;
}
