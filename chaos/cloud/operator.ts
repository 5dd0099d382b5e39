import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd } from "../crowd.ts";
import type { AppliedFault, Violation } from "../judge/violation.ts";
import type { Operator } from "../operator.ts";
import type { ChaosRig } from "../rig/chaos-rig.ts";
import { keysLike } from "../rig/redis-server.ts";
import { runVmrig } from "../rig/run-vmrig.ts";

/** The operator of a cloud, who replaces a server that was deleted or marked as broken. */
export interface CloudOperator extends Operator {
  /** Replaces the server of a copy with `vmrig up --allow`, until that succeeds. */
  repair(copy: string): Promise<void>;
  /** Notes a fault that may break a copy by design; `*`: any copy. */
  excuse(copy: string): void;
}

/**
 * How long after such a fault a copy may still be marked as broken: every step of a recovery meets
 * the API, and writing an image takes minutes.
 */
const EXCUSED_MS = 900_000;
/** Calls of the API may fail while the operator repairs. */
const ATTEMPTS = 5;
const PAUSE_MS = 5_000;

export function createCloudOperator(
  rig: ChaosRig,
  crowd: Crowd,
  say: (line: string) => void,
): CloudOperator {
  const repaired: AppliedFault[] = [];
  const violations: Violation[] = [];
  const repairs = new Map<string, Promise<void>>();
  const excuses: { readonly copy: string; readonly at: number }[] = [];

  const up = async (copy: string, from: number): Promise<void> => {
    const sessions = new Set(crowd.runs.map(({ session }) => session));
    const words = ["up", "--copy", copy, "--allow", "hcloud_server.pc1"];
    for (let attempt = 1; ; attempt++) {
      try {
        await runVmrig(rig, words);
        break;
      } catch (error) {
        say(`operator vmrig ${words.join(" ")}: ${String(error)}`);
        if (attempt < ATTEMPTS) {
          // Redis may be down, or the API.
          await sleep(attempt * PAUSE_MS);
          continue;
        }
        violations.push({
          promise: "recovers",
          what: `vmrig ${words.join(" ")}: ${String(error)}`,
        });
        break;
      }
    }
    for (const { session } of crowd.runs) sessions.add(session);
    repaired.push({
      kind: "repaired",
      target: copy,
      sessions: [...sessions],
      from,
      to: Date.now(),
    });
  };
  const operator: CloudOperator = {
    repaired,
    violations,
    excuse: (copy) => void excuses.push({ copy, at: Date.now() }),
    repair(copy) {
      const known = repairs.get(copy);
      if (known !== undefined) return known;
      const repair = up(copy, Date.now()).finally(() => repairs.delete(copy));
      repairs.set(copy, repair);
      return repair;
    },
    async repairCopies() {
      for (const key of await keysLike(rig.redis.operator, "vmrig:*:record")) {
        const { broken } = JSON.parse((await rig.redis.operator.get(key)) ?? "{}") as {
          readonly broken?: { readonly summary: string; readonly at: number };
        };
        const [, , copy = ""] = key.split(":");
        if (broken === undefined || repairs.has(copy)) continue;
        say(`operator ${copy} is broken: ${broken.summary}`);
        const isExcused = excuses.some(
          (one) => ["*", copy].includes(one.copy) && broken.at - one.at < EXCUSED_MS,
        );
        if (!isExcused)
          violations.push({
            promise: "recovers",
            what: `${copy} was marked as broken although no fault explains it: ${broken.summary}`,
          });
        // The runs go on with the other copies meanwhile.
        void operator.repair(copy);
      }
    },
    async finish() {
      await operator.repairCopies(true);
      await Promise.all(repairs.values());
    },
  };
  return operator;
}
