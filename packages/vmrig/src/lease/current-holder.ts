import type { Fence } from "../driver/driver.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { clean, decodeHolder, describeHolder } from "./holder.ts";
import type { Holder } from "./lease.ts";

/**
 * One copy that somebody holds, as anybody may know it. All durations are measured by Redis' clock
 * alone.
 */
export interface CurrentHolder {
  readonly copy: string;
  readonly holder: Holder;
  /** 0 for a lock that somebody set by hand. */
  readonly fence: Fence;
  /** Missing for a lock that somebody set by hand. */
  readonly heldForMs?: number;
  /** Its run is over, but it stays as it is until then; nobody renews it. */
  readonly kept?: {
    /** Milliseconds since the epoch, by Redis' clock. */
    readonly until: number;
    /** `after a failed run` */
    readonly why: string;
  };
  /**
   * Until it ends if it is not renewed; infinite for a lock that somebody set by hand without a
   * TTL.
   */
  readonly expiresInMs: number;
}

/** What `HOLD` of line-lua.ts returns. */
export type CurrentHolderReply = readonly [
  pttl: number,
  fence: string,
  heldForMs: number,
  who: string,
  kept: string,
];

/** `undefined` for a copy that is free. */
export function decodeCurrentHolder(
  copy: string,
  [pttl, fence, heldForMs, who, keptReply]: CurrentHolderReply,
): CurrentHolder | undefined {
  if (pttl === -2) return undefined;
  const kept = /^(\d+):(.*)$/s.exec(keptReply);
  return {
    copy,
    holder: decodeHolder(who),
    fence: Number(fence),
    ...(heldForMs < 0 ? {} : { heldForMs }),
    ...(kept === null ? {} : { kept: { until: Number(kept[1]), why: clean(kept[2] ?? "") } }),
    expiresInMs: pttl < 0 ? Number.POSITIVE_INFINITY : pttl,
  };
}

/** From a flat list of names, each followed by what is known of it. */
export function decodeCurrentHolders(
  reply: readonly (string | CurrentHolderReply)[],
): CurrentHolder[] {
  const holds: CurrentHolder[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    const hold = decodeCurrentHolder(reply[i] as string, reply[i + 1] as CurrentHolderReply);
    if (hold !== undefined) holds.push(hold);
  }
  return holds;
}

/**
 * `held by alice@laptop (vitest run x) for 41 s`,
 * `kept by alice@laptop after a failed run for another 12 min (until 14:32)`
 */
export function renderCurrentHolder(hold: CurrentHolder): string {
  return `${hold.kept === undefined ? "held by " : ""}${describeCurrentHolder(hold)}`;
}

/** The same without "held by", where that was said already. */
export function describeCurrentHolder({
  holder,
  heldForMs,
  kept,
  expiresInMs,
}: CurrentHolder): string {
  if (kept === undefined)
    return `${describeHolder(holder)}${heldForMs === undefined ? "" : ` for ${formatDuration(heldForMs)}`}`;
  const until = new Date(kept.until).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
  return `kept by ${describeHolder({ ...holder, command: "" })} ${kept.why} for another ${formatDuration(expiresInMs)} (until ${until})`;
}
