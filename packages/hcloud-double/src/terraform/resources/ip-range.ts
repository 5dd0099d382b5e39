import { isIPv6 } from "node:net";

/** Returns a range as the API shows it: with a prefix length, and IPv6 in its short form. */
export function normalRange(range: string): string {
  const [address = "", length] = range.split("/");
  if (!isIPv6(address)) return length === undefined ? `${address}/32` : range;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  return `${short}/${length ?? "128"}`;
}
