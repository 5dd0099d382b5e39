import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { describeThrown } from "../../errors/thrown.ts";
import { TunnelRefusedError } from "../../ssh/tunnel.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { toWatch, tolerant, type WaitOptions, type Watch } from "./wait-options.ts";

export interface HttpWaitOptions extends WaitOptions {
  /** @defaultValue any of 200 to 399 */
  readonly status?: number | ((status: number) => boolean) | undefined;
  /**
   * Condition on the body: a text that it contains, a pattern that it matches, or a predicate.
   *
   * @defaultValue any body
   */
  readonly body?: string | RegExp | ((body: string) => boolean) | undefined;
  /** @defaultValue `"GET"` */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Plain data. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Body as UTF-8: its first mebibyte. */
  readonly body: string;
}

/** A request without a response is abandoned after this time, and another request is sent. */
const SILENCE_MS = 10_000;
const MOST_BYTES = 1024 * 1024;

/**
 * Sends requests from inside the machine, over its SSH connection: the machine needs no program for
 * it, and `localhost` is the machine. Redirects are not followed. Certificates are not checked,
 * because a service on a test machine rarely has a certificate of a known authority.
 *
 * @param target a port, or a URL as the machine sees it
 */
export function waitForHttp(
  watch: Watch,
  target: number | string,
  options: HttpWaitOptions,
): Promise<HttpResponse> {
  const url = toUrl(target);
  return waitFor<HttpResponse>({
    ...toWatch(watch, options),
    what: `${options.method ?? "GET"} ${url.href}`,
    probe: tolerant(async (signal): Promise<Observation<HttpResponse>> => {
      const requestSignal = AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]);
      const stream = await open(watch, url);
      if ("seen" in stream) return stream;
      try {
        const response = await exchange(stream.value, url, options, requestSignal);
        return isWanted(response, options) ? { value: response } : { seen: inWords(response) };
      } catch (error) {
        return { seen: requestSignal.aborted ? "no answer" : describeThrown(error) };
      } finally {
        stream.value.destroy();
      }
    }),
  });
}

function toUrl(target: number | string): URL {
  const url = URL.parse(typeof target === "number" ? `http://localhost:${target}/` : target);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${JSON.stringify(target)} is not a URL that waitForHttp() accepts.`,
    hint: 'pass a port, or "http://localhost:8080/health"',
  });
}

async function open({ context }: Watch, url: URL): Promise<Observation<Duplex>> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  try {
    return { value: await (await context.link()).tunnel({ host, port }) };
  } catch (error) {
    if (!(error instanceof TunnelRefusedError)) throw error;
    if (!error.forbidden) return { seen: error.message };
    throw new VmrigError("WAIT_FAILED", {
      message: `The SSH server of ${context.name} forbids connections to ${host}:${port}.`,
      hint: "set AllowTcpForwarding to yes or local in its sshd_config, or wait with waitUntilSucceeds and curl",
      cause: error,
    });
  }
}

function exchange(
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

function isWanted(
  { status, body: text }: HttpResponse,
  { status: wanted, body }: HttpWaitOptions,
): boolean {
  const right =
    typeof wanted === "function"
      ? wanted(status)
      : wanted === undefined
        ? status >= 200 && status < 400
        : status === wanted;
  if (!right || body === undefined) return right;
  if (typeof body === "function") return body(text);
  return typeof body === "string" ? text.includes(body) : new RegExp(body).test(text);
}

function inWords({ status, body }: HttpResponse): string {
  const [line = ""] = body.trim().split("\n");
  return `HTTP ${status}${line === "" ? "" : `: ${line.slice(0, 120)}`}`;
}
