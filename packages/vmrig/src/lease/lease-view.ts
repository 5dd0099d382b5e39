import type { Fence } from "../driver/driver.ts";
import type { Connection } from "./connection.ts";
import { decodeHolder } from "./holder.ts";
import { keysOf } from "./keys.ts";
import type { Holder } from "./lease.ts";
import { VIEW } from "./scripts.ts";

/** What anybody may know about a resource. All durations are measured by Redis' clock alone. */
export interface LeaseView {
  readonly resource: string;
  /** The largest fence issued so far; 0 when there was none. */
  readonly fence: Fence;
  /** Missing when it is free. */
  readonly held?: {
    readonly holder: Holder;
    readonly fence: Fence;
    readonly heldForMs: number;
    /** Until the lease runs out if it is not renewed. */
    readonly expiresInMs: number;
  };
  /** Who waits, the next one first. */
  readonly line: readonly { readonly holder: Holder; readonly waitedMs: number }[];
}

/** @throws VmrigError `REDIS_UNREACHABLE` */
export async function viewLease(connection: Connection, namespace: string, resource: string): Promise<LeaseView> {
  const { lock, holder, fence, queue, alive, waiters } = keysOf(namespace, resource);
  const reply = await connection.ask(VIEW, [lock, holder, fence, queue, alive, waiters]);
  const [expiresInMs, largest, heldFence, heldForMs, who, waiting] = reply as [number, string, string, number, string, (string | number)[]];
  const line = [];
  for (let i = 0; i < waiting.length; i += 2) {
    line.push({ holder: decodeHolder(String(waiting[i])), waitedMs: Number(waiting[i + 1]) });
  }
  const view = { resource, fence: Number(largest), line };
  if (expiresInMs === -2) return view;
  return {
    ...view,
    held: {
      holder: decodeHolder(who),
      fence: Number(heldFence),
      heldForMs: Math.max(0, heldForMs),
      expiresInMs: expiresInMs < 0 ? Number.POSITIVE_INFINITY : expiresInMs,
    },
  };
}
