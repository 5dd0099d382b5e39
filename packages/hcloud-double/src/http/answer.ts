import { ApiError } from "./api-error.ts";
import { parseBody } from "./body.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Refusal } from "./request-faults.ts";
import { findRoute, type Reply, type Route } from "./route.ts";

/** What a token may do. */
export type Access = "read-write" | "read";

export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly body: string;
}

interface Api {
  readonly routes: readonly Route[];
  readonly tokens: ReadonlyMap<string, Access>;
  readonly rateLimit: RateLimit;
}

/** Does one call. A refusal is a reply, too. */
export function answer({ routes, tokens, rateLimit }: Api, call: Call): Reply {
  try {
    if (!rateLimit.take())
      throw new ApiError(429, "rate_limit_exceeded", "limit of requests per hour exceeded");
    requireAccess(tokens, call);
    const path = pathOf(call.url);
    const { ids, handle } = findRoute(routes, call.method, path);
    return handle({ ids, query: call.url.searchParams, body: parseBody(call.body) });
  } catch (error) {
    return errorReply(error);
  }
}

/** The path after `/v1`. */
export function pathOf({ pathname }: URL): string {
  return pathname.replace(/^\/v1(?=\/|$)/, "").replace(/(?<=.)\/$/, "");
}

/** The token that a call was sent with; empty if there is none. */
export function tokenOf({ authorization = "" }: Call): string {
  return /^Bearer (?<token>.+)$/i.exec(authorization)?.groups?.["token"] ?? "";
}

/** Is checked before the body is read. */
function requireAccess(tokens: ReadonlyMap<string, Access>, call: Call): void {
  const access = tokens.get(tokenOf(call));
  if (access === undefined)
    throw new ApiError(401, "unauthorized", "the token is missing or unknown");
  if (access === "read" && call.method !== "GET")
    throw new ApiError(401, "token_readonly", "the token is only allowed to read");
}

function errorReply(error: unknown): Reply {
  if (error instanceof ApiError) {
    const { status, code, message, details } = error;
    return { status, body: { error: { code, message, details } } };
  }
  return refusalReply({ status: 500, code: "server_error", message: String(error) });
}

export function refusalReply({ status, code, message = code }: Refusal): Reply {
  return { status, body: { error: { code, message, details: null } } };
}
