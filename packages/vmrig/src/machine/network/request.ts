import type { ConnectionOptions } from "node:tls";
import type { RequestInit as Wanted } from "undici";
import { describeThrown } from "../../errors/thrown.ts";
import { checkOptions, checkSpelling, type OptionNames } from "../../errors/check-options.ts";
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

/** A request before it is normalised. */
export interface Wish {
  readonly url: URL;
  readonly init: MachineRequestInit;
  /** Whether the body is a stream of the caller. It is sent as it arrives, and only once. */
  readonly streams: boolean;
}

/**
 * Checks what `fetch` was called with, and combines it. Accepts what `fetch` of Node.js accepts,
 * because a client library may call it.
 *
 * @throws VmrigError `COMMAND_INVALID`
 */
export function toWish(
  machine: string,
  input: string | URL | Request,
  given: MachineRequestInit | null | undefined,
): Wish {
  const own = given ?? {};
  const of = `${machine}.fetch()`;
  if (!isRequest(own)) checkSpelling(of, own, { ...REQUEST_OPTIONS, ...STANDARD_OPTIONS });
  const init = isRequest(input)
    ? { ...optionsOf(input), ...optionsOf(own), body: own.body ?? input.body }
    : optionsOf(own);
  checkOptions(`\`tls\` of ${of}`, init.tls, TLS_OPTIONS);
  return {
    url: toUrl(isRequest(input) ? input.url : input, init),
    init,
    // The body of a `Request` is always a stream. Most were text, with a length.
    streams: !isRequest(own) && isStream(own.body),
  };
}

/** Whether the value is a `Request`, of this or of another copy of the Fetch API. */
function isRequest(value: unknown): value is Request {
  return Object.prototype.toString.call(value) === "[object Request]";
}

/** Reads the known options. A `Request` inherits them, so that a spread would lose them. */
function optionsOf(init: MachineRequestInit | Request): MachineRequestInit {
  const options = init as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(REQUEST_OPTIONS)
      .map((name) => [name, options[name]] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** Parses the URL. @throws VmrigError `COMMAND_INVALID` */
function toUrl(target: string | URL, { socketPath }: MachineRequestInit): URL {
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
 * Normalises a request through Node.js' own `Request`, which supports more kinds of bodies than
 * the HTTP client and reports mistakes before anything is sent.
 *
 * @throws VmrigError `COMMAND_INVALID`; the signal's reason
 */
export async function toWanted(
  { url, init, streams }: Wish,
  signal: AbortSignal,
): Promise<Wanted & { readonly method: string }> {
  signal.throwIfAborted();
  const { socketPath: _, tls: __, signal: ___, dispatcher: ____, ...plain } = init;
  try {
    const request = new Request(url, { ...plain, duplex: "half" });
    const { method, headers, redirect } = request;
    const body = streams ? request.body : request.body && (await readAll(request.body, signal));
    return {
      method,
      headers: [...headers],
      redirect,
      ...(body === null ? {} : { body, duplex: "half" }),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw new VmrigError("COMMAND_INVALID", {
      message: `${url.href} cannot be fetched with these options: ${describeThrown(error)}.`,
      cause: error,
    });
  }
}

/** The body of a `Request` may be a stream that never ends. */
async function readAll(body: ReadableStream, signal: AbortSignal): Promise<Buffer> {
  const until = body.pipeThrough(new TransformStream(), { signal });
  return Buffer.from(await new Response(until).arrayBuffer());
}

function isStream(body: RequestInit["body"]): boolean {
  return (
    typeof body === "object" &&
    body !== null &&
    (body instanceof ReadableStream || Symbol.asyncIterator in body)
  );
}
