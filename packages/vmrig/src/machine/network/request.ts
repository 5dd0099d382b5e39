import type { ConnectionOptions } from "node:tls";
import type { RequestInit as Wanted } from "undici";
import { describeThrown } from "../../errors/thrown.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { checkPath } from "./target.ts";

/** What `fetch` of Node.js takes, and two more. */
export interface MachineRequestInit extends RequestInit {
  /**
   * A unix socket of the machine to send the request through: the URL's host is then only what the
   * service is told.
   */
  readonly socketPath?: string | undefined;
  /** Of `https`: `ca` for a certificate of one's own, `rejectUnauthorized: false` for any. */
  readonly tls?:
    | Pick<ConnectionOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername">
    | undefined;
}

/** @throws VmrigError `COMMAND_INVALID` */
export function toUrl(target: string | URL, { socketPath }: MachineRequestInit): URL {
  const url = URL.parse(String(target));
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `${JSON.stringify(String(target))} is no URL to fetch.`,
      hint: 'write "http://localhost:8080/health"',
    });
  }
  if (socketPath !== undefined) checkPath(socketPath);
  return url;
}

/**
 * Read by Node.js itself, which knows more kinds of bodies than what sends it, and says what is
 * wrong before anything is sent.
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
      message: `${url.href} cannot be fetched like that: ${describeThrown(error)}.`,
      cause: error,
    });
  }
}

/** Such a body is sent as it comes, and only once. */
function isStream(body: RequestInit["body"]): boolean {
  return (
    typeof body === "object" &&
    body !== null &&
    (body instanceof ReadableStream || Symbol.asyncIterator in body)
  );
}
