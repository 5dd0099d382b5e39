import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd } from "./crowd.ts";
import type { FaultKind } from "./faults.ts";
import type { AppliedFault, Violation } from "./judge/violation.ts";
import type { Operator } from "./operator.ts";
import { planFault } from "./plan.ts";
import type { ChaosRig } from "./rig/chaos-rig.ts";
import type { EventLog } from "./event-log.ts";

export interface FaultRunOptions {
  readonly seed: number;
  readonly rig: ChaosRig;
  readonly crowd: Pick<Crowd, "fill" | "runs">;
  readonly eventLog: Pick<EventLog, "grants" | "readMore">;
  readonly ttlMs: number;
  /** Minimum number of grants, and of faults. */
  readonly grants: number;
  readonly faults: number;
  /**
   * Longer than any fault, a provisioning and a dead waiter's last heartbeat together. Without
   * progress for this long the suite is stuck.
   */
  readonly stalledMs: number;
  /** The faults to inject, by name. */
  readonly kinds: Readonly<Record<string, FaultKind>>;
  /** Repairs broken copies. @defaultValue no copy is ever marked as broken */
  readonly operator?: Operator;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface FaultRunResult {
  readonly appliedFaults: readonly AppliedFault[];
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
export async function runFaults(options: FaultRunOptions): Promise<FaultRunResult> {
  const { seed, rig, crowd, eventLog, ttlMs, stalledMs, say } = options;
  const { kinds, operator } = options;
  const weights = Object.fromEntries(
    Object.entries(kinds).map(([kind, { weight }]) => [kind, weight]),
  );
  const plan = (index: number) =>
    planFault(seed, index, {
      kinds: weights,
      ttlMs,
      grantsPerFault: options.grants / Math.max(1, options.faults),
    });
  const appliedFaults: AppliedFault[] = [];
  const busy = new Map<Promise<void>, FaultKind["needs"]>();
  let index = 0;
  let next = plan(index);
  let due = next.afterGrants;
  let checkedAt = performance.now();
  let moved = { grants: 0, at: performance.now() };

  const failed = new AbortController();
  const apply = async (): Promise<void> => {
    const { kind, pick, ms } = next;
    const from = Date.now();
    const hit = await kinds[kind]?.apply({ rig, crowd, pick, ms });
    if (hit === undefined) return;
    say(`fault    ${kind} of ${hit.target}`);
    await hit.over;
    appliedFaults.push({ kind, target: hit.target, sessions: hit.sessions, from, to: Date.now() });
  };

  for (;;) {
    options.signal?.throwIfAborted();
    failed.signal.throwIfAborted();
    crowd.fill();
    await sleep(25);
    await eventLog.readMore();
    const { grants } = eventLog;
    if (grants > moved.grants) {
      if (Math.floor(grants / 50) > Math.floor(moved.grants / 50))
        say(`faults   ${grants} grants, ${appliedFaults.length} faults`);
      moved = { grants, at: performance.now() };
    }
    // While Redis does not answer, the operator cannot read the records.
    if (performance.now() - checkedAt > CHECK_EVERY_MS && ![...busy.values()].includes("redis")) {
      await operator?.repairCopies(
        [...busy.values()].includes("disk") ||
          appliedFaults.some(({ kind, to }) => kind === "disk-full" && Date.now() - to < FULL_MS),
      );
      checkedAt = performance.now();
    }
    const enough = grants >= options.grants && appliedFaults.length >= options.faults;
    const stalled = performance.now() - moved.at > stalledMs;
    if (enough || stalled) {
      await Promise.all(busy.keys());
      failed.signal.throwIfAborted();
      const what = `no copy was granted for ${stalledMs / 1000} s, after ${grants} grants and ${appliedFaults.length} faults`;
      await operator?.finish();
      const violations: Violation[] = [
        ...(operator?.violations ?? []),
        ...(stalled ? [{ promise: "frees itself", what } as const] : []),
      ];
      return { appliedFaults, endedAt: Date.now(), violations };
    }
    const needs = kinds[next.kind]?.needs;
    const taken = needs !== undefined && [...busy.values()].includes(needs);
    if (options.faults === 0 || grants < due || taken || busy.size >= AT_ONCE) continue;
    const done = apply()
      .catch((error: unknown) => failed.abort(error))
      .finally(() => busy.delete(done));
    busy.set(done, needs);
    next = plan(++index);
    due = grants + next.afterGrants;
  }
}
