import { isIPv4 } from "node:net";

/** A block of IPv4 addresses; addresses are numbers. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** Gateway of all public interfaces. */
export const PUBLIC_GATEWAY = toNumber("172.31.1.1");

export function parseIpv4(text: string | undefined): number | undefined {
  return text !== undefined && isIPv4(text) ? toNumber(text) : undefined;
}

function toNumber(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

function rangeAt(first: number, prefix: number): Ipv4Range {
  return { first, last: first + 2 ** (32 - prefix) - 1, prefix };
}

/** Returns undefined if it is not `address/prefix`, or has host bits. */
export function parseIpv4Range(text: string | undefined): Ipv4Range | undefined {
  const [address, prefixText = "", more] = text?.split("/") ?? [];
  const first = parseIpv4(address);
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : 33;
  if (first === undefined || prefix > 32 || more !== undefined) return undefined;
  return first % 2 ** (32 - prefix) === 0 ? rangeAt(first, prefix) : undefined;
}

/** A range that was checked before. */
export function ipv4Range(text: string): Ipv4Range {
  const range = parseIpv4Range(text);
  if (range === undefined) throw new Error(`${text} is not an IPv4 range`);
  return range;
}

export function formatIpv4Range({ first, prefix }: Ipv4Range): string {
  return `${formatIpv4(first)}/${prefix}`;
}

export function contains(range: Ipv4Range, inner: Ipv4Range): boolean {
  return inner.first >= range.first && inner.last <= range.last;
}

export function containsAddress(range: Ipv4Range, address: number): boolean {
  return address >= range.first && address <= range.last;
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(ipv4Range);

/** RFC 1918 */
export function isPrivate(range: Ipv4Range): boolean {
  return PRIVATE.some((block) => contains(block, range));
}

/** The first range of this size inside `range` that overlaps none of `taken`. */
export function firstFree(
  range: Ipv4Range,
  prefix: number,
  taken: readonly Ipv4Range[],
): Ipv4Range | undefined {
  for (let first = range.first; first <= range.last; first += 2 ** (32 - prefix)) {
    const candidate = rangeAt(first, prefix);
    if (candidate.last > range.last) return undefined;
    if (!taken.some((other) => overlaps(other, candidate))) return candidate;
  }
  return undefined;
}
