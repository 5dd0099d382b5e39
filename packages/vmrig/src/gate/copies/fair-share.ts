import type { LeaseView } from "../../lease/lease-view.ts";
import type { Holder } from "../../lease/lease.ts";

/** Another run that waits for a copy, and that no free copy is left for. */
export interface NeedyRun {
  readonly holder: Holder;
  /** Copies that it has leased. */
  readonly copies: number;
}

/** The queue, as a run sees it that may give up one of its copies. */
export interface Demand {
  /** In queue order, each run once. */
  readonly needy: readonly NeedyRun[];
  /** Whether this run itself waits for one more copy. */
  readonly asks: boolean;
}

export const NO_DEMAND: Demand = { needy: [], asks: false };

/** Returns which other runs need `copy`, from the queue and the holders of all copies. */
export function demandFor(
  copy: string,
  { view, session }: { readonly view: LeaseView; readonly session: string },
): Demand {
  const free = new Set(view.copies.filter(({ held }) => !held).map((free) => free.copy));
  const copiesOf = (of: string): number =>
    view.copies.filter(({ held }) => held && !held.retained && held.holder.session === of).length;
  const needy: NeedyRun[] = [];
  for (const { holder, accepts } of view.queue) {
    const next = accepts.find((name) => free.has(name));
    if (next !== undefined) free.delete(next);
    else if (
      holder.session !== session &&
      accepts.includes(copy) &&
      needy.every((run) => run.holder.session !== holder.session)
    )
      needy.push({ holder, copies: copiesOf(holder.session) });
  }
  return { needy, asks: view.queue.some(({ holder }) => holder.session === session) };
}

/**
 * Returns the run that gets a copy from a run with `own` copies: the one with the fewest, if it has
 * fewer even afterwards. So the copies do not go to and fro. `leaving`: copies that this run is
 * giving up already, which serve the first of the queue.
 */
export function receiver(
  { needy }: Demand,
  { own, leaving }: { readonly own: number; readonly leaving: number },
): NeedyRun | undefined {
  const [poorest] = needy.slice(leaving).toSorted((a, b) => a.copies - b.copies);
  return poorest !== undefined && poorest.copies + 1 < own ? poorest : undefined;
}
