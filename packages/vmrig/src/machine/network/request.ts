import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { ConnectionOptions } from "node:tls";
import { describeThrown } from "../../errors/thrown.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { checkPath } from "./target.ts";

/** What `fetch` of a machine takes: what that of Node.js does (`cache`, `credentials`, `mode` and the like say nothing there either), and two more. */
export interface MachineRequestInit extends RequestInit {
  /** A unix socket of the machine to send the request through: the URL's host is then only what the service is told. */
  readonly socketPath?: string;
  /** Of `https`: `ca` for a certificate of one's own, `rejectUnauthorized: false` for any. */
  readonly tls?: Pick<ConnectionOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername">;
}

/** A request as it is sent. */
export interface Sent {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** A stream can be sent only once. */
  readonly body: Buffer | Readable | undefined;
}

/** Reads it as Node.js does, by making a request of it. @throws VmrigError `COMMAND_INVALID` */
export async function toSent(
  target: string | URL,
  { socketPath, method, headers, body, tls: _, ...rest }: MachineRequestInit,
): Promise<Sent> {
  const url = URL.parse(String(target));
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `${JSON.stringify(String(target))} is no URL to fetch.`,
      hint: 'write "http://localhost:8080/health"',
    });
  }
  if (socketPath !== undefined) checkPath(socketPath);
  try {
    const { signal: __, dispatcher: ___, ...plain } = rest;
    const request = new Request(url, { ...plain, ...given({ method, headers, body }), duplex: "half" });
    const told = new Headers(request.headers);
    if (!told.has("accept")) told.set("accept", "*/*");
    if (!told.has("accept-encoding")) told.set("accept-encoding", "gzip, deflate, br");
    return { url, method: request.method, headers: told, body: await toBody(body, request) };
  } catch (error) {
    throw new VmrigError("COMMAND_INVALID", { message: `${url.href} cannot be fetched like that: ${describeThrown(error)}`, cause: error });
  }
}

async function toBody(given: RequestInit["body"], request: Request): Promise<Buffer | Readable | undefined> {
  if (request.body === null) return undefined;
  const streams =
    typeof given === "object" && given !== null && (given instanceof globalThis.ReadableStream || Symbol.asyncIterator in given);
  return streams ? Readable.fromWeb(request.body as ReadableStream) : Buffer.from(await request.arrayBuffer());
}

function given<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Options>;
}
