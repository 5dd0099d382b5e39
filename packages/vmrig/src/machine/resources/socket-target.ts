import type { OptionNames } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { type Listener, IS_WILDCARD } from "./listener.ts";
import { parseInternet, parseUnix } from "./proc-net.ts";

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

export const PORT_OPTIONS: OptionNames<PortOptions> = { protocol: true, host: true };

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

function isReachedBy(address: string, host: string): boolean {
  // A listener on `::` also accepts IPv4, unless it set IPV6_V6ONLY.
  return address === host || address === "::" || (IS_WILDCARD.test(address) && !host.includes(":"));
}
