import type { Crowd } from "./crowd.ts";
import type { Struck, Violation } from "./judge/violation.ts";
import { keysLike } from "./redis-server.ts";
import type { ChaosRig } from "./scene.ts";

/**
 * The person who is called when a copy is marked as broken. vmrig gives a machine up that could not
 * be brought back by any step, and a disk that was full all the while is such a case; everything
 * else is not.
 */
export interface Mender {
  /** Looks, and mends. `full` tells whether the disk was full a moment ago. */
  lookAfter(full: boolean): Promise<void>;
  /** While a copy was broken the line was another one for those who came then. */
  readonly mended: readonly Struck[];
  readonly violations: readonly Violation[];
}

interface Marked {
  readonly broken?: { readonly summary: string; readonly at: number };
}

export function mender({ redis }: ChaosRig, crowd: Crowd): Mender {
  const mended: Struck[] = [];
  const violations: Violation[] = [];
  return {
    mended,
    violations,
    async lookAfter(full) {
      for (const key of await keysLike(redis.operator, "vmrig:*:record")) {
        const { broken } = JSON.parse((await redis.operator.get(key)) ?? "{}") as Marked;
        if (broken === undefined) continue;
        const sessions = crowd.runs.map(({ session }) => session);
        // Without a record the next holder asks Terraform, and finds everything in place.
        await redis.operator.del(key);
        mended.push({ kind: "mended", target: key, sessions, from: broken.at, to: Date.now() });
        if (!full)
          violations.push({
            promise: "frees itself",
            what: `${key} was given up, and its disk was not full: ${broken.summary}`,
          });
      }
    },
  };
}
