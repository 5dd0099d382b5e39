import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Clock } from "../clock/clock.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { evaluate } from "./evaluate.ts";
import { idKey } from "./namespace.ts";
import { isReplicaReply } from "./refusal.ts";
import { script } from "./script.ts";

/**
 * Runs once when the connection opens, so that missing credentials and permissions show
 * immediately. KEYS id; ARGV the id to store if there is none.
 */
const HELLO = script(`redis.call('SET', KEYS[1], ARGV[1], 'NX') return redis.call('GET', KEYS[1])`);
/** Longest wait for the first answer of a server. */
export const DIAL_MS = 5000;

/**
 * Waits until the server accepts commands. A server that was just started rejects them until it has
 * loaded its append-only file. A replica rejects them until the address leads to the primary, for
 * which ioredis connects again after each such answer.
 *
 * @returns id of the server
 */
export function greet(
  redis: Redis,
  {
    namespace,
    clock,
    onNotReady,
  }: {
    readonly namespace: string;
    readonly clock: Clock;
    readonly onNotReady: (error: Error) => void;
  },
): Promise<unknown> {
  let isReplica = false;
  const probe = (): Promise<Observation<unknown>> =>
    evaluate(redis, HELLO, [idKey(namespace)], [randomUUID()]).then(
      (value) => ({ value }),
      (error: Error) => {
        if (isReplicaReply(error.message)) isReplica = true;
        else if (isReplica && redis.status !== "ready") return { seen: "connecting again" };
        else if (!error.message.startsWith("LOADING")) throw error;
        onNotReady(error);
        return { seen: error.message };
      },
    );
  return waitFor({
    what: "Redis to accept commands",
    timeoutMs: DIAL_MS,
    intervalMs: 50,
    clock,
    probe,
  });
}
