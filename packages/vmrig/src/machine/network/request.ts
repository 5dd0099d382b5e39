import type { ConnectionOptions } from "node:tls";
import type { RequestInit as Wanted } from "undici";
import { describeThrown } from "../../errors/thrown.ts";
import { checkOptions, type OptionNames } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { checkPath } from "./target.ts";

/** Options of `fetch` of Node.js, and two more. */
export interface MachineRequestInit extends RequestInit {
  /**
   * Unix socket of the machine that receives the request. The URL's host then only sets the `Host`
   * header.
   */
  readonly socketPath?: string | undefined;
  /**
   * TLS options for `https`: `ca` for a custom authority, `rejectUnauthorized: false` to accept any
   * certificate.
   */
  readonly tls?:
    | Pick<ConnectionOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername">
    | undefined;
}

type TlsOptions = NonNullable<MachineRequestInit["tls"]>;

const REQUEST_OPTIONS: OptionNames<MachineRequestInit> = {
  socketPath: true,
  tls: true,
  method: true,
  headers: true,
  body: true,
  signal: true,
  redirect: true,
  mode: true,
  credentials: true,
  cache: true,
  integrity: true,
  keepalive: true,
  referrer: true,
  referrerPolicy: true,
  window: true,
  duplex: true,
  dispatcher: true,
};

/** Options of the Fetch standard that the types of Node.js do not have. */
const STANDARD_OPTIONS = { priority: true } as const;

const TLS_OPTIONS: OptionNames<TlsOptions> = {
  ca: true,
  cert: true,
  key: true,
  rejectUnauthorized: true,
  servername: true,
};

/** @throws VmrigError `COMMAND_INVALID` */
export function checkRequest(machine: string, init: MachineRequestInit): void {
  const of = `${machine}.fetch()`;
  checkOptions(of, init, { ...REQUEST_OPTIONS, ...STANDARD_OPTIONS });
  checkOptions(`\`tls\` of ${of}`, init.tls, TLS_OPTIONS);
}

/** Parses the URL. @throws VmrigError `COMMAND_INVALID` */
export function toUrl(target: string | URL, { socketPath }: MachineRequestInit): URL {
  const url = URL.parse(String(target));
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `${JSON.stringify(String(target))} is not a URL that fetch() accepts.`,
      hint: 'write "http://localhost:8080/health"',
    });
  }
  if (socketPath !== undefined) checkPath(socketPath);
  return url;
}

/**
 * Normalises the request through Node.js' own `Request`, which supports more kinds of bodies than
 * the HTTP client and reports mistakes before anything is sent.
 *
 * @throws VmrigError `COMMAND_INVALID`
 */
export async function toWanted(url: URL, init: MachineRequestInit): Promise<Wanted> {
  const { socketPath: _, tls: __, signal: ___, dispatcher: ____, ...plain } = init;
  try {
    const request = new Request(url, { ...plain, duplex: "half" });
    const { method, headers, redirect } = request;
    const body = isStream(plain.body)
      ? request.body
      : request.body && Buffer.from(await request.arrayBuffer());
    return {
      method,
      headers: [...headers],
      redirect,
      ...(body === null ? {} : { body, duplex: "half" }),
    };
  } catch (error) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `${url.href} cannot be fetched with these options: ${describeThrown(error)}.`,
      cause: error,
    });
  }
}

/** Returns whether the body is a stream. A stream is sent as it arrives, and only once. */
function isStream(body: RequestInit["body"]): boolean {
  return (
    typeof body === "object" &&
    body !== null &&
    (body instanceof ReadableStream || Symbol.asyncIterator in body)
  );
}
