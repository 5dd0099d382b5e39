import type { IncomingMessage } from "node:http";
import type { Sent } from "./request.ts";

const REDIRECTS = [301, 302, 303, 307, 308];
/** What is meant for the first host only: Fetch, 4.4. */
const PRIVATE = ["authorization", "cookie", "host", "proxy-authorization"];
const OF_BODY = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];

/** Where an answer sends on to, if it does. */
export function locationOf(message: IncomingMessage, from: URL): URL | undefined {
  const { statusCode = 0, headers } = message;
  if (!REDIRECTS.includes(statusCode) || headers.location === undefined) return undefined;
  const to = URL.parse(headers.location, from.href);
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) throw new Error(`it leads to ${headers.location}`);
  if (to.hash === "") to.hash = from.hash;
  return to;
}

/** The request as it goes on: Fetch, 4.4. @throws Error when its body was a stream, which is used up */
export function redirected(sent: Sent, status: number, to: URL): Sent {
  const headers = new Headers(sent.headers);
  if (to.origin !== sent.url.origin) for (const name of PRIVATE) headers.delete(name);
  const reads = (status === 303 && sent.method !== "GET" && sent.method !== "HEAD") || (status < 303 && sent.method === "POST");
  if (reads) {
    for (const name of OF_BODY) headers.delete(name);
    return { url: to, method: "GET", headers, body: undefined };
  }
  if (sent.body !== undefined && !Buffer.isBuffer(sent.body)) throw new Error("its body is a stream, and cannot be sent again");
  return { ...sent, url: to, headers };
}
