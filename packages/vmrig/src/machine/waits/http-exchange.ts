import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { HttpWaitOptions, HttpResponse } from "./http-response.ts";

const MOST_BYTES = 1024 * 1024;

export function exchange(
  stream: Duplex,
  url: URL,
  { method = "GET", headers = {} }: HttpWaitOptions,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const how: RequestOptions = { method, headers: { connection: "close", ...headers }, signal };
  const secure = url.protocol === "https:";
  const tls = (): Duplex =>
    connectTls({
      socket: stream,
      rejectUnauthorized: false,
      ...(/^[\d.]+$|:/.test(url.hostname) ? {} : { servername: url.hostname }),
    });
  return new Promise((resolve, reject) => {
    // The machine may close the connection at any time: the request reports the error, and the
    // stream emits it a second time.
    stream.on("error", () => {});
    const request = (secure ? httpsRequest : httpRequest)(url, {
      ...how,
      createConnection: () => (secure ? tls() : stream),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const finish = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).subarray(0, MOST_BYTES).toString("utf8"),
        });
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= MOST_BYTES) finish();
      });
      response.on("end", finish);
    });
    request.end();
  });
}
