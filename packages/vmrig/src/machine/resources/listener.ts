/** A socket that accepts connections or datagrams. Plain data. */
export interface Listener {
  readonly protocol: "tcp" | "udp" | "unix";
  /** `0.0.0.0`, `::1`, or the path of a unix socket. */
  readonly address: string;
  /** Missing for a unix socket. */
  readonly port: number | undefined;
}

export const IS_WILDCARD = /^(?:0\.0\.0\.0|::)$/;

/** Describes at most ten listeners for an observation: `22, 80 (127.0.0.1)`. */
export function listenersInWords(listeners: readonly Listener[]): string {
  if (listeners.length === 0) return "nothing is listening";
  const words = listeners.map(({ address, port }) =>
    port === undefined ? address : `${port}${IS_WILDCARD.test(address) ? "" : ` (${address})`}`,
  );
  const [shown, rest] = [[...new Set(words)].slice(0, 10), new Set(words).size - 10];
  return `listening are ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
