import { formatDuration } from "../../clock/format-duration.ts";
import { copyNames } from "../../config/copy-spec.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import { renderCurrentHolder } from "../../lease/current-holder.ts";
import type { Holder } from "../../lease/lease.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { existingMachines } from "../../provision/compare-machines.ts";
import { readState } from "../../provision/state.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { destroyLeased } from "../destroy-rig.ts";
import { machinesOn, stopLeased } from "../stop-rig.ts";
import { withLease } from "../with-lease.ts";

/** A rig whose config says when its machines rest. */
export type RestingRig = ResolvedRig & { readonly rest: NonNullable<ResolvedRig["rest"]> };

/** What became of a copy, and why. */
export interface Rested {
  readonly did: "power-off" | "destroy" | "kept" | "nothing";
  /** For people: `not used for 9.1 h`. */
  readonly why: string;
  /** Names of the machines that are off now, or addresses of what is destroyed. */
  readonly what?: readonly string[];
}

export interface RestCopyOptions {
  readonly rig: RestingRig;
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  readonly states: StateStore;
  readonly holder: Holder;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Puts one copy to rest, if it is time. Looks before it leases, so that a busy copy costs nothing. */
export async function restCopy(options: RestCopyOptions): Promise<Rested> {
  const { rig, copy, store, states, holder, say } = options;
  const action = rig.rest.do;
  if (action === "keep") return { did: "kept", why: '`rest.do` is "keep"' };
  const busy = (await whyInUse(options)) ?? (await whyTooEarly(options));
  if (busy !== undefined) return { did: "kept", why: busy };
  const unusedMs = await store.lastUse(copy);
  if (await isAtRest(options))
    return {
      did: "nothing",
      why: action === "destroy" ? "it has no machines" : "its machines are off",
    };
  // A run that comes now goes first: this lease is taken without a wait, or not at all.
  const atOnce = { ...rig, lease: { ...rig.lease, onBusy: "fail" as const } };
  const leased = { ...options, rig: atOnce };
  try {
    return await withLease(leased, async (guard, lease): Promise<Rested> => {
      if (unusedMs === undefined) {
        await store.markUsed(lease);
        return { did: "kept", why: "its last use is not known, so the time begins now" };
      }
      const again = (await whyWaitedFor(options)) ?? (await whyTooEarly(options));
      if (again !== undefined) return { did: "kept", why: again };
      guard.assertHeld();
      const why = `not used for ${formatDuration(unusedMs)}`;
      if (action === "power-off") {
        const what = await stopLeased({ rig, copy, guard, say });
        return { did: action, why, what };
      }
      const { destroy } = await import("../../provision/destroy.ts");
      const work = { copy, store, states, destroy, guard, lease };
      // The config asks for it in so many words, so no person types the name.
      const what = await destroyLeased({ rig, holder, say, confirm: rig.name }, work);
      return { did: action, why, what };
    });
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "RIG_BUSY") throw error;
    return { did: "kept", why: "another run has got it by now" };
  }
}

/** Returns who has the copy or waits for it. A retained copy counts as well. */
async function whyInUse(options: RestCopyOptions): Promise<string | undefined> {
  const { rig, copy, store } = options;
  const view = await store.view({ rig: rig.name, copies: copyNames(rig) });
  const held = view.copies.find((one) => one.copy === copy.copy)?.held;
  return held === undefined ? await whyWaitedFor(options) : renderCurrentHolder(held);
}

async function whyWaitedFor({
  rig,
  copy: { copy },
  store,
  holder,
}: RestCopyOptions): Promise<string | undefined> {
  const { queue } = await store.view({ rig: rig.name, copies: copyNames(rig) });
  const waiting = queue.filter(
    (waiter) => waiter.accepts.includes(copy) && waiter.holder.session !== holder.session,
  );
  if (waiting.length === 0) return undefined;
  return waiting.length === 1 ? "a run waits for it" : `${waiting.length} runs wait for it`;
}

async function whyTooEarly({ rig, copy, store }: RestCopyOptions): Promise<string | undefined> {
  const unusedMs = await store.lastUse(copy);
  const { after } = rig.rest;
  if (unusedMs === undefined || unusedMs >= after) return undefined;
  return `used ${formatDuration(unusedMs)} ago, and rests after ${formatDuration(after)}`;
}

/** Whether nothing is left to do, which needs no lease to see. */
async function isAtRest({ rig, copy, states }: RestCopyOptions): Promise<boolean> {
  if (rig.rest.do === "power-off") return (await machinesOn(rig, copy)).length === 0;
  const [{ state }, inventory] = await Promise.all([
    readState(states, copy),
    rig.driver.inspect(copy),
  ]);
  return (state?.resources.length ?? 0) === 0 && existingMachines(inventory).length === 0;
}
