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
 * Whom to trust and who we are, in PEM. A server is always verified: there is no way to turn that
 * off.
 */
export interface TlsIdentity {
  /** The authority that signed the server's certificate. @defaultValue those of Node.js */
  readonly ca?: string;
  /** Our own certificate and its key, for a server that asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have. @defaultValue the host of the URL */
  readonly servername?: string;
}

/** The address as it may be printed: without user name and password. */
export function describeAddress(address: RedisAddress): string {
  if ("socketPath" in address) return `unix:${address.socketPath}`;
  const { protocol, host, pathname } = parse(address.url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** One or several, with the namespace when that is not the usual one. */
export function describeAddresses(
  addresses: readonly RedisAddress[],
  namespace: string = DEFAULT_NAMESPACE,
): string {
  return `${addresses.map(describeAddress).join(", ")}${namespace === DEFAULT_NAMESPACE ? "" : `, prefix ${namespace}`}`;
}

/** What makes a server one: whoever and whichever database is asked for there. */
export function serverOf(address: RedisAddress): string {
  if ("socketPath" in address) return `unix:${address.socketPath}`;
  const { hostname, port } = parse(address.url);
  return `${hostname.toLowerCase()}:${port === "" ? 6379 : port}`;
}

/** With an even number a vote can tie, with more than 5 a lease takes longer and is no safer. */
export const SEVERAL: readonly number[] = [3, 5];

/**
 * @throws VmrigError `CONFIG_INVALID` for another number than 1, 3 or 5, and for a server that is
 *   named twice
 */
export function checkAddresses(addresses: readonly RedisAddress[]): void {
  if (addresses.length !== 1 && !SEVERAL.includes(addresses.length)) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `Leases cannot be kept in ${addresses.length} Redises: 1, 3 or 5.`,
      details: addresses.map(describeAddress),
      hint: "with an even number a vote can tie; name 3 that run independently of each other",
    });
  }
  const twice = addresses.find(
    (address, i) => addresses.findIndex((other) => serverOf(other) === serverOf(address)) !== i,
  );
  if (twice === undefined) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `Redis at ${describeAddress(twice)} is named twice.`,
    details: addresses.map(describeAddress),
    hint: "name servers that run independently of each other, each once; another database of one server is the same server",
  });
}

/**
 * @throws VmrigError `CONFIG_INVALID` for what is not a URL of Redis; the message does not show it,
 *   for it may hold a password. Also when there is something to say about TLS, and the URL asks for
 *   none: what was meant to be encrypted must not go out in the clear
 */
export function dialOptions(address: RedisAddress): RedisOptions {
  if ("socketPath" in address) return { path: address.socketPath };
  const url = parse(address.url);
  const db = url.pathname.replace(/^\//, "");
  if (address.tls !== undefined && url.protocol !== "rediss:") {
    throw new VmrigError("CONFIG_INVALID", {
      message: `redis.tls is set, but ${describeAddress(address)} asks for no TLS.`,
      hint: "write rediss:// in the URL, or leave redis.tls out",
    });
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 6379 : Number(url.port),
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    ...(db === "" ? {} : { db: Number(db) }),
    // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 of some other tool would turn it off.
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
