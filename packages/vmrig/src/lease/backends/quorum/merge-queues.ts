import type { WaiterViewReply } from "../../lease-view.ts";

/**
 * Merges the queues of all servers. A queue that moved is on two servers until its last heartbeats
 * on the first one expire.
 */
export function mergeQueues(queues: readonly (readonly WaiterViewReply[])[]): WaiterViewReply[] {
  const waiters = new Map(queues.flat().map((one) => [one[4], one]));
  return [...waiters.values()].sort(
    ([, waitedA, extraA], [, waitedB, extraB]) => extraA - extraB || waitedB - waitedA,
  );
}
