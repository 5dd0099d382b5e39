import type { ErrorCode } from "./codes.ts";
import { redact } from "./redact.ts";
import { describeThrown } from "./thrown.ts";
import { isVmrigError, VmrigError } from "./vmrig-error.ts";

/** What an error looks like on the gate's socket, in a worker message or in `--json` output. */
export interface ErrorJson {
  readonly name: string;
  readonly code: ErrorCode;
  /** The summary alone. */
  readonly message: string;
  readonly details: readonly string[];
  readonly hint?: string;
  readonly cause?: ErrorJson | string;
}

/** Nobody nests that deep on purpose; an error that is its own cause does. */
const DEEPEST = 10;

/**
 * Not a `toJSON` method: whoever serialises an error calls that one instead of taking its fields.
 * Vitest does, after it has made a plain object of the cause, and shows what comes back without
 * details, hint and fields.
 */
export function toErrorJson(error: VmrigError): ErrorJson {
  return nested(error, DEEPEST);
}

/**
 * Rebuilds an error that came as JSON from another process. The stack is that of the call, the
 * causes are kept.
 */
export function fromErrorJson({ code, message, details, hint, cause }: ErrorJson): VmrigError {
  return new VmrigError(code, {
    message,
    details,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined
      ? {}
      : { cause: typeof cause === "string" ? new Error(cause) : fromErrorJson(cause) }),
  });
}

function nested(
  { name, code, summary, details, hint, cause }: VmrigError,
  depth: number,
): ErrorJson {
  return {
    name,
    code,
    message: summary,
    details,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined || depth === 0
      ? {}
      : { cause: isVmrigError(cause) ? nested(cause, depth - 1) : redact(told(cause, depth - 1)) }),
  };
}

/** An error of somebody else in words, with its own causes: `fetch failed` alone says nothing. */
function told(thrown: unknown, depth: number): string {
  const cause =
    typeof thrown === "object" && thrown !== null && "cause" in thrown ? thrown.cause : undefined;
  return cause === undefined || depth <= 0
    ? describeThrown(thrown)
    : `${describeThrown(thrown)} (cause: ${told(cause, depth - 1)})`;
}
