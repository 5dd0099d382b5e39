import type { IncomingHttpHeaders } from "node:http";
import type { OptionNames } from "../../errors/check-options.ts";
import { WAIT_OPTIONS, type WaitOptions } from "./wait-options.ts";

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

export const HTTP_WAIT_OPTIONS: OptionNames<HttpWaitOptions> = {
  ...WAIT_OPTIONS,
  status: true,
  body: true,
  method: true,
  headers: true,
};

/** Plain data. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Body as UTF-8: its first mebibyte. */
  readonly body: string;
}

export function isWanted(
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

export function inWords({ status, body }: HttpResponse): string {
  const [line = ""] = body.trim().split("\n");
  return `HTTP ${status}${line === "" ? "" : `: ${line.slice(0, 120)}`}`;
}
