import type { Fence } from "../driver/driver.ts";
import { duration } from "./duration.ts";
import { decodeHolder, describeHolder } from "./holder.ts";
import type { Holder } from "./lease.ts";

/** One copy that somebody holds, as anybody may know it. All durations are measured by Redis' clock alone. */
export interface Hold {
  readonly copy: string;
  readonly holder: Holder;
  /** 0 for a lock that somebody set by hand. */
  readonly fence: Fence;
  /** Missing for a lock that somebody set by hand. */
  readonly heldForMs?: number;
  /** Until it ends if it is not renewed; infinite for a lock that somebody set by hand without a TTL. */
  readonly expiresInMs: number;
}

/** What `HOLD` of line-lua.ts returns. */
export type HoldReply = readonly [pttl: number, fence: string, heldForMs: number, who: string];

/** `undefined` for a copy that is free. */
export function decodeHold(copy: string, [pttl, fence, heldForMs, who]: HoldReply): Hold | undefined {
  if (pttl === -2) return undefined;
  return {
    copy,
    holder: decodeHolder(who),
    fence: Number(fence),
    ...(heldForMs < 0 ? {} : { heldForMs }),
    expiresInMs: pttl < 0 ? Number.POSITIVE_INFINITY : pttl,
  };
}

/** `alice@laptop (vitest run x) for 41 s` */
export function describeHold({ holder, heldForMs }: Pick<Hold, "holder" | "heldForMs">): string {
  return `${describeHolder(holder)}${heldForMs === undefined ? "" : ` for ${duration(heldForMs)}`}`;
}
