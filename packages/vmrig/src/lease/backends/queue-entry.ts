import { encodeHolder } from "../holder.ts";
import type { QueueEntry } from "../lease-backend.ts";

/**
 * What `ENLIST` of line-lua.ts is told of a waiter: its record, its ticket (0 = none yet), whether
 * it has a copy already.
 */
export function encodeQueueEntry({
  holder,
  request: { accept, extra },
  ticket,
}: QueueEntry): [record: string, ticket: number, extra: 0 | 1] {
  return [encodeHolder(holder, { accept, ...(extra && { extra }) }), ticket, extra ? 1 : 0];
}
