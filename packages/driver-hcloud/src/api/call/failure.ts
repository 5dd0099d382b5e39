import { z } from "zod";
import type { NoReply, Reply } from "./exchange.ts";

/** An attempt that did not succeed. */
export type Failure =
  | { readonly kind: "no-reply"; readonly noReply: NoReply }
  | { readonly kind: "refusal"; readonly reply: Reply; readonly error: ReportedError };

/** The error in the body of a reply. Without such a body, the code is missing. */
export interface ReportedError {
  readonly code?: string | undefined;
  readonly message: string;
  /** One fact per line: fields, limits, announcement. */
  readonly facts: readonly string[];
}

const reported = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z
      .object({
        fields: z
          .array(z.object({ name: z.string(), messages: z.array(z.string()).nullish() }))
          .nullish(),
        limits: z.array(z.object({ name: z.string() })).nullish(),
        announcement: z.string().nullish(),
      })
      .nullish()
      .catch(null),
  }),
});

/** Returns the failure of an attempt, or `undefined` if it succeeded. */
export function failureOf(outcome: Reply | NoReply): Failure | undefined {
  if (!("status" in outcome)) return { kind: "no-reply", noReply: outcome };
  if (outcome.status >= 200 && outcome.status < 300) return undefined;
  return { kind: "refusal", reply: outcome, error: reportedError(outcome) };
}

function reportedError({ status, body }: Reply): ReportedError {
  const { data } = reported.safeParse(body);
  if (data === undefined) return { message: `HTTP ${status} without a reason`, facts: [] };
  const { code, message, details } = data.error;
  return {
    code,
    message: message.replaceAll(/\s+/g, " ").replace(/\.$/, ""),
    facts: [
      ...(details?.fields ?? []).map(({ name, messages }) =>
        [`field ${name}`, ...(messages?.length ? [messages.join(", ")] : [])].join(": "),
      ),
      ...(details?.limits ?? []).map(({ name }) => `limit reached: ${name}`),
      ...(details?.announcement ? [`announcement: ${details.announcement}`] : []),
    ],
  };
}

/** Returns the code of the API, if the failure has one. */
export const codeOf = (failure: Failure): string | undefined =>
  failure.kind === "refusal" ? failure.error.code : undefined;

/**
 * What a failure says about the work: `final`, do not repeat; `not-done`, the API did nothing and
 * may do it later; `unknown`, it may have been done, although no reply says so.
 */
export type Verdict = "final" | "not-done" | "unknown";

/** Codes of a refusal that passes by itself. */
const PASSING = new Set(["rate_limit_exceeded", "conflict", "locked"]);

/**
 * Judges whether a call may be repeated. 500 stays final: it is documented nowhere as passing, and
 * no client of the vendor repeats it.
 */
export function judge(failure: Failure): Verdict {
  if (failure.kind === "no-reply") {
    const { isFinal, isSent } = failure.noReply;
    return isFinal ? "final" : isSent ? "unknown" : "not-done";
  }
  const { status } = failure.reply;
  if (PASSING.has(failure.error.code ?? "")) return "not-done";
  return status === 502 || status === 503 || status === 504 ? "unknown" : "final";
}

/** Describes a failure as the last observation of a wait. */
export function describeFailure(failure: Failure): string {
  if (failure.kind === "no-reply") return failure.noReply.reason;
  const { code, message } = failure.error;
  return code === undefined || code === message ? message : `${message} (${code})`;
}
