import type { RedisOptions } from "ioredis";
import { VmrigError } from "../errors/vmrig-error.ts";
import { DEFAULT_NAMESPACE } from "./namespace.ts";

/**
 * Where Redis listens: a URL (`redis://user:password@host:6379/0`, `rediss://…` for TLS), or a unix
 * socket of this computer.
 */
export type RedisAddress =
  | {
      readonly url: string;
      /** For `rediss://` only. */
      readonly tls?: TlsIdentity;
    }
  | { readonly socketPath: string };

/**
 * Certificates of a TLS connection, in PEM. The server is always verified: verification cannot be
 * turned off.
 */
export interface TlsIdentity {
  /**
   * Certificate authority that signed the certificate of the server. @defaultValue those of Node.js
   */
  readonly ca?: string;
  /** Client certificate and its key, for a server that requires one. */
  readonly cert?: string;
  readonly key?: string;
  /** Host name that the certificate of the server must have. @defaultValue the host of the URL */
  readonly servername?: string;
}

/** Returns the address in printable form, without user name and password. */
export function describeAddress(address: RedisAddress): string {
  if ("socketPath" in address) return `unix:${address.socketPath}`;
  const { protocol, host, pathname } = parse(address.url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/**
 * Returns one or several addresses in printable form. A namespace other than the default is
 * appended.
 */
export function describeAddresses(
  addresses: readonly RedisAddress[],
  namespace: string = DEFAULT_NAMESPACE,
): string {
  return `${addresses.map(describeAddress).join(", ")}${namespace === DEFAULT_NAMESPACE ? "" : `, prefix ${namespace}`}`;
}

/**
 * Returns the identity of the server behind an address: host and port, or the socket path. User and
 * database do not count.
 */
export function serverOf(address: RedisAddress): string {
  if ("socketPath" in address) return `unix:${address.socketPath}`;
  const { hostname, port } = parse(address.url);
  return `${hostname.toLowerCase()}:${port === "" ? 6379 : port}`;
}

/**
 * Valid sizes of a quorum. An even number can tie. More than 5 make a lease slower and no safer.
 */
export const SEVERAL: readonly number[] = [3, 5];

/**
 * @throws VmrigError `CONFIG_INVALID` when the number of servers is not 1, 3 or 5, and when a
 *   server is listed twice
 */
export function checkAddresses(addresses: readonly RedisAddress[]): void {
  if (addresses.length !== 1 && !SEVERAL.includes(addresses.length)) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `Leases cannot be stored in ${addresses.length} Redis servers: use 1, 3 or 5.`,
      details: addresses.map(describeAddress),
      hint: "an even number can tie; configure 3 servers that run independently of each other",
    });
  }
  const twice = addresses.find(
    (address, i) => addresses.findIndex((other) => serverOf(other) === serverOf(address)) !== i,
  );
  if (twice === undefined) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `Redis at ${describeAddress(twice)} is listed twice.`,
    details: addresses.map(describeAddress),
    hint: "list each server once, and only servers that run independently of each other. Different databases on one server do not count as separate servers",
  });
}

/**
 * Returns the ioredis options for an address.
 *
 * @throws VmrigError `CONFIG_INVALID` when the URL is not a Redis URL. The message does not show
 *   the URL, because it may contain a password. Also when TLS is configured but the URL does not
 *   ask for TLS: data that was meant to be encrypted must not be sent in the clear
 */
export function dialOptions(address: RedisAddress): RedisOptions {
  if ("socketPath" in address) return { path: address.socketPath };
  const url = parse(address.url);
  const db = url.pathname.replace(/^\//, "");
  if (address.tls !== undefined && url.protocol !== "rediss:") {
    throw new VmrigError("CONFIG_INVALID", {
      message: `redis.tls is set, but ${describeAddress(address)} does not use TLS.`,
      hint: "write rediss:// in the URL, or remove redis.tls",
    });
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 6379 : Number(url.port),
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    ...(db === "" ? {} : { db: Number(db) }),
    // Set explicitly, because NODE_TLS_REJECT_UNAUTHORIZED=0 set for another tool would turn
    // verification off.
    ...(url.protocol === "rediss:" ? { tls: { ...address.tls, rejectUnauthorized: true } } : {}),
  };
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url !== undefined &&
    /^rediss?:$/.test(url.protocol) &&
    url.hostname !== "" &&
    /^\/?\d*$/.test(url.pathname)
  )
    return url;
  throw new VmrigError("CONFIG_INVALID", {
    message: "The address of Redis is not a redis:// or rediss:// URL.",
    hint: "write it as redis://user:password@host:6379/0, or rediss://… for TLS",
  });
}
