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
  /** At least so many of each. */
  readonly grants: number;
  readonly faults: number;
  /**
   * Longer than any fault, a provisioning and a waiter's last heartbeat together: then nothing will
   * ever move again.
   */
  readonly stalledMs: number;
  readonly kinds: readonly FaultName[];
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface StormEnded {
  readonly struck: readonly Struck[];
  /** Copies that a person had to mend. */
  readonly mended: readonly Struck[];
  readonly violations: readonly Violation[];
  readonly endedAt: number;
}

/** How long a machine that was given up because its disk was full may be at it. */
const FULL_MS = 15_000;
/** Between two looks of whoever is called when a copy is broken. */
const MEND_EVERY_MS = 1_000;
/** With more at once hardly anybody would get anything done. */
const AT_ONCE = 2;

/** Runs come and go, and one fault after another strikes them, until there were enough of both. */
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
  const person = mender(scene, crowd);
  let looked = performance.now();
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
    // While Redis does not answer nobody can see anything.
    if (performance.now() - looked > MEND_EVERY_MS && ![...busy.values()].includes("redis")) {
      await person.lookAfter(
        [...busy.values()].includes("disk") ||
          struck.some(({ kind, to }) => kind === "disk-full" && Date.now() - to < FULL_MS),
      );
      looked = performance.now();
    }
    const enough = grants >= options.grants && struck.length >= options.faults;
    const stalled = performance.now() - moved.at > stalledMs;
    if (enough || stalled) {
      await Promise.all(busy.keys());
      failed.signal.throwIfAborted();
      const what = `nobody was granted a copy for ${stalledMs / 1000} s, after ${grants} grants and ${struck.length} faults`;
      await person.lookAfter(true);
      const violations: Violation[] = [
        ...person.violations,
        ...(stalled ? [{ promise: "frees itself", what } as const] : []),
      ];
      return { struck, mended: person.mended, endedAt: Date.now(), violations };
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
