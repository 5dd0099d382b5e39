import type { Belonging } from "vmrig/driver";
import type { Labels } from "../api/call/label-selector.ts";
import { COPY, OWNER, RIG, TEMPORARY, UNTIL } from "../labels.ts";

/** No step of a publish takes longer. Also the limit for a deadline in a label. */
const MOST_TEMPORARY_MS = 86_400_000;

/** What a resource is judged by. */
export interface Labelled {
  readonly labels: Labels;
  readonly created: string;
}

/**
 * Returns to whom a resource belongs, by its labels; `undefined` when it is none of vmrig's, or is
 * temporary and still needed.
 *
 * @param now milliseconds since the epoch, by the clock of the API
 */
export function belongingOf({ labels, created }: Labelled, now: number): Belonging | undefined {
  const temporary = labels[TEMPORARY];
  if (temporary !== undefined) {
    const end = deadlineOf({ labels, created });
    if (now <= end) return undefined;
    const time = new Date(end).toISOString();
    return { to: "none", why: `temporary for ${temporary}, and not needed since ${time}` };
  }
  const { [RIG]: rig, [COPY]: copy, [OWNER]: owner } = labels;
  if (rig === undefined) return undefined;
  if (copy === undefined)
    return { to: "others", why: `it has the label ${RIG}=${rig}, but no label ${COPY}` };
  return { to: "copy", rig, copy, ...(owner !== undefined && { owner }) };
}

/** Label of a deadline: seconds since the epoch. Without one that is readable, a day counts. */
function deadlineOf({ labels, created }: Labelled): number {
  const most = Date.parse(created) + MOST_TEMPORARY_MS;
  const text = labels[UNTIL] ?? "";
  return /^\d{1,11}$/.test(text) ? Math.min(Number(text) * 1000, most) : most;
}
