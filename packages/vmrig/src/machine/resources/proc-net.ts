import type { Listener } from "./listener.ts";

/**
 * Parses TCP sockets in state LISTEN (0A) and UDP sockets that are bound and not connected (07),
 * each once. Format: `/proc/net/tcp` in the kernel's Documentation/networking/proc_net_tcp.rst.
 */
export function parseInternet(protocol: "tcp" | "udp", table: string): Listener[] {
  const rows = table.matchAll(
    /^\s*\d+: ([\dA-F]+):([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} ([\dA-F]{2}) /gm,
  );
  const found = new Map<string, Listener>();
  for (const [, address = "", port = "", state] of rows) {
    if (state !== (protocol === "tcp" ? "0A" : "07")) continue;
    const one: Listener = {
      protocol,
      address: toAddress(address),
      port: Number.parseInt(port, 16),
    };
    found.set(`${one.address} ${one.port}`, one);
  }
  return [...found.values()].toSorted((one, other) => (one.port ?? 0) - (other.port ?? 0));
}

/**
 * Parses an address. The kernel prints each 32-bit word as a number in the machine's byte order,
 * which is little-endian on all machines of vmrig.
 */
function toAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).toReversed(),
  );
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    `${bytes[index * 2]}${bytes[index * 2 + 1]}`.toLowerCase(),
  );
  if (groups.slice(0, 5).every((group) => group === "0000") && groups[5] === "ffff") {
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join(".");
  }
  // `URL` writes IPv6 addresses in their canonical form.
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/**
 * Parses the sockets that accept connections (flag `__SO_ACCEPTCON`, 0x10000), by path. Format:
 * proc_net_unix(5); abstract names begin with `@`.
 */
export function parseUnix(table: string): Listener[] {
  const rows = table.matchAll(
    /^[\da-f]+: [\dA-F]+ [\dA-F]+ ([\dA-F]{8}) [\dA-F]+ [\dA-F]+ +\d+ (.+)$/gm,
  );
  return [...rows].flatMap(([, flags = "", address = ""]) =>
    (Number.parseInt(flags, 16) & 0x1_00_00) === 0
      ? []
      : [{ protocol: "unix" as const, address, port: undefined }],
  );
}
