import { VmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/run.ts";
import { query, type QueryTarget } from "./query.ts";

/** A socket that accepts connections or datagrams. Plain data. */
export interface Listener {
  readonly protocol: "tcp" | "udp" | "unix";
  /** `0.0.0.0`, `::1`, or the path of a unix socket. */
  readonly address: string;
  /** Missing for a unix socket. */
  readonly port: number | undefined;
}

export interface PortOptions {
  /** @defaultValue `"tcp"` */
  readonly protocol?: "tcp" | "udp" | undefined;
  /**
   * Address that must reach the listener. A listener on all addresses of the family counts.
   *
   * @defaultValue any address
   */
  readonly host?: string | undefined;
}

export interface Socket extends QueryTarget<"socket"> {
  /** Lists the matching listeners. @throws VmrigError `INSPECTION_FAILED` */
  listeners(): Promise<readonly Listener[]>;
  isListening(): Promise<boolean>;
}

/** A parsed socket specification: how to read the listeners and which of them match. */
export interface SocketTarget {
  readonly title: string;
  readonly file: string;
  /** Listeners of the same kind, for the message when none matches. */
  readonly among: (text: string) => readonly Listener[];
  readonly matches: (listener: Listener) => boolean;
}

export function portTarget(
  port: number,
  { protocol = "tcp", host }: PortOptions = {},
): SocketTarget {
  return {
    title: `port ${port}${protocol === "udp" ? "/udp" : ""}${host === undefined ? "" : ` on ${host}`}`,
    // Without IPv6 the second file is missing, which is not an error.
    file: `/proc/net/${protocol} /proc/net/${protocol}6`,
    among: (text) => parseInternet(protocol, text),
    matches: (one) => one.port === port && (host === undefined || isReachedBy(one.address, host)),
  };
}

export function unixTarget(path: string): SocketTarget {
  return {
    title: `unix socket ${path}`,
    file: "/proc/net/unix",
    among: parseUnix,
    matches: (one) => one.address === path,
  };
}

/**
 * Parses a socket specification: `tcp://80`, `tcp://127.0.0.1:80`, `udp://[::1]:53`,
 * `unix:///run/app.sock`, as in testinfra.
 *
 * @throws VmrigError `COMMAND_INVALID`
 */
export function parseSpec(spec: string): SocketTarget {
  const [, path] = /^unix:\/\/(\/.*)$/s.exec(spec) ?? [];
  if (path !== undefined) return unixTarget(path);
  const [, protocol, bracketed, plain, digits] =
    /^(tcp|udp):\/\/(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(spec) ?? [];
  const port = Number(digits);
  if ((protocol === "tcp" || protocol === "udp") && port > 0 && port < 65_536) {
    return portTarget(port, { protocol, host: bracketed ?? plain });
  }
  throw new VmrigError("COMMAND_INVALID", {
    message: `${JSON.stringify(spec)} is not a socket specification.`,
    hint: 'write "tcp://80", "tcp://127.0.0.1:80", "udp://[::1]:53" or "unix:///run/app.sock"',
  });
}

export function createSocket(context: ExecutionContext, target: SocketTarget): Socket {
  const listeners = async (): Promise<readonly Listener[]> =>
    (await readListeners(context, target)).filter(target.matches);
  return {
    kind: "socket",
    machine: context.name,
    user: context.user,
    title: target.title,
    listeners,
    isListening: async () => (await listeners()).length > 0,
  };
}

/** Reads all listeners of the target's kind. */
export async function readListeners(
  context: ExecutionContext,
  { title, file, among }: SocketTarget,
  signal?: AbortSignal,
): Promise<readonly Listener[]> {
  const { stdout } = await query(context, `cat ${file} 2>/dev/null`, {
    title,
    signal,
    answers: [0, 1],
  });
  return among(stdout);
}

const IS_WILDCARD = /^(?:0\.0\.0\.0|::)$/;

function isReachedBy(address: string, host: string): boolean {
  // A listener on `::` also accepts IPv4, unless it set IPV6_V6ONLY.
  return address === host || address === "::" || (IS_WILDCARD.test(address) && !host.includes(":"));
}

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
function parseUnix(table: string): Listener[] {
  const rows = table.matchAll(
    /^[\da-f]+: [\dA-F]+ [\dA-F]+ ([\dA-F]{8}) [\dA-F]+ [\dA-F]+ +\d+ (.+)$/gm,
  );
  return [...rows].flatMap(([, flags = "", address = ""]) =>
    (Number.parseInt(flags, 16) & 0x1_00_00) === 0
      ? []
      : [{ protocol: "unix" as const, address, port: undefined }],
  );
}

/** Describes at most ten listeners for an observation: `22, 80 (127.0.0.1)`. */
export function listenersInWords(listeners: readonly Listener[]): string {
  if (listeners.length === 0) return "nothing is listening";
  const words = listeners.map(({ address, port }) =>
    port === undefined ? address : `${port}${IS_WILDCARD.test(address) ? "" : ` (${address})`}`,
  );
  const [shown, rest] = [[...new Set(words)].slice(0, 10), new Set(words).size - 10];
  return `listening are ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
