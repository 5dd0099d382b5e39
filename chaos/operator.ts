import type { Crowd } from "./crowd.ts";
import type { AppliedFault, Violation } from "./judge/violation.ts";
import { keysLike } from "./rig/redis-server.ts";
import type { ChaosRig } from "./rig/chaos-rig.ts";

/**
 * Simulates the operator who repairs a copy that vmrig marked as broken. vmrig marks a copy as
 * broken after no recovery step succeeded, which a full disk explains. Any other reason is a
 * violation.
 */
export interface Operator {
  /** Checks all copies and repairs broken ones. `full` tells whether the disk was full recently. */
  repairCopies(full: boolean): Promise<void>;
  /** Repairs what is broken at the end, after a fault that may have done it. */
  finish(): Promise<void>;
  /**
   * Repaired copies, with the runs of that time: while a copy was broken, the queue had fewer
   * copies.
   */
  readonly repaired: readonly AppliedFault[];
  readonly violations: readonly Violation[];
}

interface Marked {
  readonly broken?: { readonly summary: string; readonly at: number };
}

export function createOperator({ redis }: ChaosRig, crowd: Crowd): Operator {
  const repaired: AppliedFault[] = [];
  const violations: Violation[] = [];
  const operator: Operator = {
    repaired,
    violations,
    finish: () => operator.repairCopies(true),
    async repairCopies(full) {
      for (const key of await keysLike(redis.operator, "vmrig:*:record")) {
        const { broken } = JSON.parse((await redis.operator.get(key)) ?? "{}") as Marked;
        if (broken === undefined) continue;
        const sessions = crowd.runs.map(({ session }) => session);
        // Without a record the next holder queries Terraform, and finds everything in place.
        await redis.operator.del(key);
        repaired.push({ kind: "repaired", target: key, sessions, from: broken.at, to: Date.now() });
        if (!full)
          violations.push({
            promise: "frees itself",
            what: `${key} was marked as broken although its disk was not full: ${broken.summary}`,
          });
      }
    },
  };
  return operator;
}
