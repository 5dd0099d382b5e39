import type { IncomingMessage } from "node:http";
import { pipeline, Readable, type Duplex } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** Statuses whose answers have no body: Fetch, 2.2.3. */
const BODILESS = [101, 103, 204, 205, 304];

/** The standard's object for an answer whose head has come. Its body comes as it is read. */
export function toResponse(
  message: IncomingMessage,
  { method, url, redirected }: { method: string; url: URL; redirected: boolean },
): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) for (const value of values) headers.append(name, value);
  const empty = method === "HEAD" || BODILESS.includes(status);
  // What nobody reads would keep the connection open.
  if (empty) message.resume();
  const response = new Response(empty ? null : (Readable.toWeb(decoded(message)) as ReadableStream), {
    status,
    statusText: message.statusMessage ?? "",
    headers,
  });
  // A response that is made by hand has neither.
  Object.defineProperties(response, { url: { value: url.href }, redirected: { value: redirected } });
  return response;
}

/** As Fetch has it: the content, whatever it was packed in on the way. */
function decoded(message: IncomingMessage): Readable {
  const codings = (message.headers["content-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const steps = codings.toReversed().map(decoder);
  if (steps.includes(undefined)) return message;
  return steps.reduce<Readable>((from, step) => (step === undefined ? from : pipeline(from, step, () => {})), message);
}

function decoder(coding: string): Duplex | undefined {
  // What a service has sent so far is read now, and one that forgets the last bytes is forgiven, as by every browser.
  const flush = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
  if (coding === "gzip" || coding === "x-gzip") return createGunzip(flush);
  if (coding === "deflate") return createInflate(flush);
  if (coding === "br") {
    return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH });
  }
  return undefined;
}
