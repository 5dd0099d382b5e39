import { encodeHolder } from "../holder.ts";
import type { QueueEntry } from "../lease-backend.ts";

/**
 * Encodes a waiter for `JOIN_QUEUE` of queue-lua.ts: its record, its ticket (0 = none yet), whether it
 * already holds a copy.
 */
export function encodeQueueEntry({
  holder,
  request: { accept, extra },
  ticket,
}: QueueEntry): [record: string, ticket: number, extra: 0 | 1] {
  return [encodeHolder(holder, { accept, ...(extra && { extra }) }), ticket, extra ? 1 : 0];
}
