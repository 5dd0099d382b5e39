import { toDate } from "../clock/real-time.ts";
import type { Fence } from "../driver/driver.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { clean, decodeHolder, describeHolder } from "./holder.ts";
import type { Holder } from "./lease.ts";

/**
 * Holder of one copy, as every user may see it. All durations are measured by the clock of Redis
 * alone.
 */
export interface CurrentHolder {
  readonly copy: string;
  readonly holder: Holder;
  /** 0 for a lock that was set by hand. */
  readonly fence: Fence;
  /** Missing for a lock that was set by hand. */
  readonly heldForMs?: number;
  /** Set for a retained copy: its run is over, and the lease is not renewed. */
  readonly retained?: {
    /** Milliseconds since the epoch, by Redis' clock. */
    readonly until: number;
    /** `after a failed run` */
    readonly why: string;
  };
  /**
   * Time until the lease ends unless it is renewed; infinite for a lock that was set by hand
   * without a TTL.
   */
  readonly expiresInMs: number;
}

/** Reply of `READ_HOLDER` in queue-lua.ts. */
export type CurrentHolderReply = readonly [
  pttl: number,
  fence: string,
  heldForMs: number,
  who: string,
  retained: string,
];

/** Decodes a reply. Returns `undefined` for a free copy. */
export function decodeCurrentHolder(
  copy: string,
  [pttl, fence, heldForMs, who, retainedReply]: CurrentHolderReply,
): CurrentHolder | undefined {
  if (pttl === -2) return undefined;
  const retained = /^(\d+):(.*)$/s.exec(retainedReply);
  return {
    copy,
    holder: decodeHolder(who),
    fence: Number(fence),
    ...(heldForMs < 0 ? {} : { heldForMs }),
    ...(retained === null
      ? {}
      : { retained: { until: Number(retained[1]), why: clean(retained[2] ?? "") } }),
    expiresInMs: pttl < 0 ? Number.POSITIVE_INFINITY : pttl,
  };
}

/** Decodes a flat list of copy names, each followed by its reply. */
export function decodeCurrentHolders(
  reply: readonly (string | CurrentHolderReply)[],
): CurrentHolder[] {
  const holders: CurrentHolder[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    const holder = decodeCurrentHolder(reply[i] as string, reply[i + 1] as CurrentHolderReply);
    if (holder !== undefined) holders.push(holder);
  }
  return holders;
}

/**
 * Returns `held by alice@laptop (vitest run x) for 41 s`, or
 * `retained by alice@laptop after a failed run for another 12 min (until 14:32)`.
 */
export function renderCurrentHolder(current: CurrentHolder): string {
  return `${current.retained === undefined ? "held by " : ""}${describeCurrentHolder(current)}`;
}

/** Like {@link renderCurrentHolder}, without the words "held by". */
export function describeCurrentHolder({
  holder,
  heldForMs,
  retained,
  expiresInMs,
}: CurrentHolder): string {
  if (retained === undefined)
    return `${describeHolder(holder)}${heldForMs === undefined ? "" : ` for ${formatDuration(heldForMs)}`}`;
  const until = toDate(retained.until).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
  return `retained by ${describeHolder({ ...holder, command: "" })} ${retained.why} for another ${formatDuration(expiresInMs)} (until ${until})`;
}
