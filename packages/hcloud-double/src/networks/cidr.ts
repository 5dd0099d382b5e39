import { isIPv6 } from "node:net";
import { parseIpv4Range } from "./ipv4-range.ts";

/** Returns an IPv4 or IPv6 block in its canonical form; undefined if it has host bits. */
export function canonicalCidr(text: string): string | undefined {
  if (parseIpv4Range(text) !== undefined) return text;
  const [address = "", prefixText = "", more] = text.split("/");
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : 129;
  if (!isIPv6(address) || prefix > 128 || more !== undefined) return undefined;
  const hostBits = 2n ** BigInt(128 - prefix);
  return ipv6Number(address) % hostBits === 0n ? `${canonicalIpv6(address)}/${prefix}` : undefined;
}

/** Whether an IPv6 address is in a block such as `2001:db8::/64`. */
export function isInIpv6Block(address: string, block: string): boolean {
  const [network = "", prefix] = block.split("/");
  if (!isIPv6(address)) return false;
  const shift = BigInt(128 - Number(prefix));
  return ipv6Number(address) >> shift === ipv6Number(network) >> shift;
}

export function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function ipv6Number(address: string): bigint {
  const [head = "", tail] = canonicalIpv6(address).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(zeros).fill("0"), ...groups(tail)];
  return BigInt(`0x${all.map((group) => group.padStart(4, "0")).join("")}`);
}
