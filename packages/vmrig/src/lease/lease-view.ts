import type { Fence } from "../driver/driver.ts";
import type { RedisConnection } from "../redis/connection.ts";
import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "./current-holder.ts";
import { decodeHolder } from "./holder.ts";
import { rigKeys } from "./keys.ts";
import type { Holder } from "./lease.ts";
import { EXTRA_COPY_OFFSET, READ_HOLDER, QUEUE_RULES } from "./backends/queue-lua.ts";
import { NOW, script } from "../redis/script.ts";
import type { LeaseRequest } from "./lease-request.ts";

/**
 * State of a rig that every user may see. All durations are measured by the clock of Redis alone.
 */
export interface LeaseView {
  readonly rig: string;
  readonly copies: readonly {
    readonly copy: string;
    /** The largest fence issued so far; 0 when there was none. */
    readonly fence: Fence;
    /** Holder of the copy. Missing when the copy is free. */
    readonly held?: CurrentHolder;
  }[];
  /** Waiters, in queue order. */
  readonly queue: readonly WaiterView[];
}

export interface WaiterView {
  readonly holder: Holder;
  readonly waitedMs: number;
  /** Set when the waiter already holds a copy. It comes after all waiters without a copy. */
  readonly extra: boolean;
  /** Copies that the waiter accepts. */
  readonly accepts: readonly string[];
}

/** Reads the state of a rig. Runs with `rigKeys`. Read-only. */
export const VIEW = script(`${NOW}${QUEUE_RULES}${READ_HOLDER}
local copies, line = {}, {}
for _, name in ipairs(names) do
  copies[#copies + 1] = { name, redis.call('GET', KEYS[at[name] + 2]) or '0', hold(at[name]) }
end
for _, waiter in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if (tonumber(redis.call('ZSCORE', KEYS[2], waiter)) or 0) > now then
    local ticket = tonumber(redis.call('ZSCORE', KEYS[1], waiter))
    local extra = ticket >= ${EXTRA_COPY_OFFSET.toFixed(0)}
    line[#line + 1] = { redis.call('HGET', KEYS[3], waiter) or '', now - (extra and ticket - ${EXTRA_COPY_OFFSET.toFixed(0)} or ticket), extra and 1 or 0, accepted(waiter), waiter }
  end
end
return { copies, line }
`);

export type ViewReply = [
  copies: [copy: string, fence: string, hold: CurrentHolderReply][],
  queue: WaiterViewReply[],
];

export type WaiterViewReply = [
  who: string,
  waitedMs: number,
  extra: number,
  accepts: string[],
  waiter: string,
];

/** Reads the state of a rig from one server. @throws VmrigError `REDIS_UNREACHABLE` */
export async function viewRig(
  connection: RedisConnection,
  namespace: string,
  { rig, copies }: Pick<LeaseRequest, "rig" | "copies">,
): Promise<LeaseView> {
  const [states, queue] = (await connection.ask(
    VIEW,
    rigKeys(namespace, rig, copies),
  )) as ViewReply;
  return {
    rig,
    copies: states.map(([copy, fence, reply]) => {
      const held = decodeCurrentHolder(copy, reply);
      return { copy, fence: Number(fence), ...(held && { held }) };
    }),
    queue: queue.map(decodeWaiterView),
  };
}

export function decodeWaiterView([who, waitedMs, extra, accepts]: WaiterViewReply): WaiterView {
  return {
    holder: decodeHolder(who),
    waitedMs: Math.max(0, waitedMs),
    extra: extra === 1,
    accepts: accepts.filter((copy) => typeof copy === "string"),
  };
}
