import type { Dispatcher } from "undici";
import type { Token } from "./token.ts";

/** What the headers of a reply say about the rate limit. */
export interface Rate {
  /** Calls per hour. */
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the limit has recovered fully. */
  readonly fullInMs: number;
}

export interface Reply {
  readonly status: number;
  /** The body as JSON; `undefined` if it is empty or something else. */
  readonly body: unknown;
  readonly correlationId: string | undefined;
  /** The server's time in milliseconds since the epoch. */
  readonly date: number | undefined;
  readonly rate: Rate | undefined;
}

/** No complete reply arrived. */
export interface NoReply {
  /** Whether the API may have received the request. */
  readonly isSent: boolean;
  /** Whether another attempt cannot help, because the connection is refused for good. */
  readonly isFinal: boolean;
  readonly reason: string;
  readonly cause: unknown;
}

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly body?: unknown;
}

export interface ExchangeOptions {
  readonly token: Token;
  readonly dispatcher: Dispatcher;
  /** Longest wait for the reply, and for the next part of its body. */
  readonly replyMs: number;
  readonly signal: AbortSignal;
}

/** Errors of a connection that was never open, so that the API received nothing. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** A page to log in to a network has the status 200, too. */
const NO_JSON: NoReply = {
  isSent: true,
  isFinal: true,
  reason: "the reply is no JSON, so a proxy or another server has sent it",
  cause: undefined,
};

const BAD_CERTIFICATE = /CERT|SIGNATURE|^ERR_TLS|^ERR_SSL|^EPROTO$/;

/**
 * Sends one request and reads the reply. Follows no redirect: the token would go to another server.
 *
 * @throws the reason of the signal
 */
export async function exchange(
  { method, url, body: sent }: Request,
  { token, dispatcher, replyMs, signal }: ExchangeOptions,
): Promise<Reply | NoReply> {
  try {
    const { request } = await loadUndici();
    const reply = await request(url, {
      method,
      headers: {
        authorization: token.authorization(),
        accept: "application/json",
        "user-agent": "vmrig",
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
      },
      body: sent === undefined ? null : JSON.stringify(sent),
      dispatcher,
      headersTimeout: replyMs,
      bodyTimeout: replyMs,
      signal,
    });
    const header = (name: string): string | undefined => {
      const value = reply.headers[name];
      return typeof value === "string" ? token.scrub(value) : undefined;
    };
    const text = token.scrub(await reply.body.text());
    const date = Date.parse(header("date") ?? "");
    const body = parseJson(text);
    const isSuccess = reply.statusCode >= 200 && reply.statusCode < 300;
    if (isSuccess && text !== "" && body === undefined) return NO_JSON;
    return {
      status: reply.statusCode,
      body,
      correlationId: header("x-correlation-id"),
      date: Number.isNaN(date) ? undefined : date,
      rate: rateOf(header, date),
    };
  } catch (error) {
    signal.throwIfAborted();
    return noReply(error, token);
  }
}

/** Loaded with the first request: every process of a run loads the driver, and few call the API. */
export const loadUndici = (): Promise<typeof import("undici")> => import("undici");

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rateOf(header: (name: string) => string | undefined, date: number): Rate | undefined {
  const [limit, remaining, reset] = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
    .map(header)
    .map((value) => (value === undefined ? Number.NaN : Number(value)));
  if (!isFinite(limit) || !isFinite(remaining) || limit <= 0) return undefined;
  // By the server's clock: this computer's may be wrong by minutes.
  const fullInMs = isFinite(reset) ? Math.max(0, reset * 1_000 - date) : Number.NaN;
  return { limit, remaining, fullInMs: isFinite(fullInMs) ? fullInMs : Number.POSITIVE_INFINITY };
}

const isFinite = (value: number | undefined): value is number => Number.isFinite(value);

function noReply(error: unknown, token: Token): NoReply {
  const code = codeOf(error);
  const isFinal = BAD_CERTIFICATE.test(code);
  const message = error instanceof Error ? error.message || code : String(error);
  return {
    isSent: !isFinal && !NOT_SENT.has(code),
    isFinal,
    reason: token.scrub(message),
    cause: error,
  };
}

/** Returns the code of an error or of its cause. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return "cause" in error ? codeOf(error.cause) : "";
}
