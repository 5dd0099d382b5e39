import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd } from "./crowd.ts";
import { FAULTS, type FaultKind, type FaultName } from "./faults.ts";
import type { Struck, Violation } from "./judge/violation.ts";
import { mender } from "./operator.ts";
import { planFault } from "./plan.ts";
import type { ChaosRig } from "./scene.ts";
import type { Witness } from "./witness.ts";

export interface StormOptions {
  readonly seed: number;
  readonly scene: ChaosRig;
  readonly crowd: Crowd;
  readonly witness: Witness;
  readonly ttlMs: number;
  /** Minimum number of grants, and of faults. */
  readonly grants: number;
  readonly faults: number;
  /**
   * Longer than any fault, a provisioning and a dead waiter's last heartbeat together. Without
   * progress for this long the suite is stuck.
   */
  readonly stalledMs: number;
  readonly kinds: readonly FaultName[];
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface StormEnded {
  readonly struck: readonly Struck[];
  /** Broken copies that the operator repaired. */
  readonly mended: readonly Struck[];
  readonly violations: readonly Violation[];
  readonly endedAt: number;
}

/** How long after a full disk a machine may still be marked as broken because of it. */
const FULL_MS = 15_000;
/** Interval at which the operator checks for broken copies. */
const CHECK_EVERY_MS = 1_000;
/** With more simultaneous faults hardly any run would make progress. */
const AT_ONCE = 2;

/** Keeps runs going and injects one fault after another, until there were enough of both. */
export async function storm(options: StormOptions): Promise<StormEnded> {
  const { seed, scene, crowd, witness, ttlMs, stalledMs, say } = options;
  const kinds = Object.fromEntries(
    options.kinds.map((kind) => [kind, FAULTS[kind].weight]),
  ) as Record<FaultName, number>;
  const plan = (index: number) =>
    planFault(seed, index, {
      kinds,
      ttlMs,
      grantsPerFault: options.grants / Math.max(1, options.faults),
    });
  const struck: Struck[] = [];
  const busy = new Map<Promise<void>, FaultKind["needs"]>();
  let index = 0;
  let next = plan(index);
  let due = next.afterGrants;
  const operator = mender(scene, crowd);
  let checkedAt = performance.now();
  let moved = { grants: 0, at: performance.now() };

  const failed = new AbortController();
  const strike = async (): Promise<void> => {
    const { kind, pick, ms } = next;
    const from = Date.now();
    const fault: FaultKind = FAULTS[kind];
    const hit = await fault.strike({ scene, crowd, pick, ms });
    if (hit === undefined) return;
    await hit.over;
    struck.push({ kind, target: hit.target, sessions: hit.sessions, from, to: Date.now() });
  };

  for (;;) {
    options.signal?.throwIfAborted();
    failed.signal.throwIfAborted();
    crowd.fill();
    await sleep(25);
    await witness.readMore();
    const { grants } = witness;
    if (grants > moved.grants) {
      if (Math.floor(grants / 50) > Math.floor(moved.grants / 50))
        say(`storm    ${grants} grants, ${struck.length} faults`);
      moved = { grants, at: performance.now() };
    }
    // While Redis does not answer, the operator cannot read the records.
    if (performance.now() - checkedAt > CHECK_EVERY_MS && ![...busy.values()].includes("redis")) {
      await operator.lookAfter(
        [...busy.values()].includes("disk") ||
          struck.some(({ kind, to }) => kind === "disk-full" && Date.now() - to < FULL_MS),
      );
      checkedAt = performance.now();
    }
    const enough = grants >= options.grants && struck.length >= options.faults;
    const stalled = performance.now() - moved.at > stalledMs;
    if (enough || stalled) {
      await Promise.all(busy.keys());
      failed.signal.throwIfAborted();
      const what = `no copy was granted for ${stalledMs / 1000} s, after ${grants} grants and ${struck.length} faults`;
      await operator.lookAfter(true);
      const violations: Violation[] = [
        ...operator.violations,
        ...(stalled ? [{ promise: "frees itself", what } as const] : []),
      ];
      return { struck, mended: operator.mended, endedAt: Date.now(), violations };
    }
    const { needs }: FaultKind = FAULTS[next.kind];
    const taken = needs !== undefined && [...busy.values()].includes(needs);
    if (options.faults === 0 || grants < due || taken || busy.size >= AT_ONCE) continue;
    const done = strike()
      .catch((error: unknown) => failed.abort(error))
      .finally(() => busy.delete(done));
    busy.set(done, needs);
    next = plan(++index);
    due = grants + next.afterGrants;
  }
}
