import type { ErrorCode } from "./codes.ts";
import { redact } from "./redact.ts";
import { describeThrown } from "./thrown.ts";
import { isVmrigError, VmrigError } from "./vmrig-error.ts";

/** An error as JSON: on the gate's socket, in a worker message and in `--json` output. */
export interface ErrorJson {
  readonly name: string;
  readonly code: ErrorCode;
  /** The summary alone. */
  readonly message: string;
  readonly details: readonly string[];
  readonly hint?: string;
  readonly cause?: ErrorJson | string;
}

/**
 * Limits the depth of causes. Real causes never nest this deep; an error that is its own cause
 * does.
 */
const DEEPEST = 10;

/**
 * Converts an error to JSON. A function and not a `toJSON` method, because a serializer calls
 * `toJSON` instead of reading the fields. Vitest does so after it has made a plain object of the
 * cause, and then shows the error without details, hint and fields.
 */
export function toErrorJson(error: VmrigError): ErrorJson {
  return nested(error, DEEPEST);
}

/**
 * Rebuilds an error that arrived as JSON from another process. The stack is the stack of this call;
 * the causes are retained.
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
      : {
          cause: isVmrigError(cause)
            ? nested(cause, depth - 1)
            : redact(describeForeign(cause, depth - 1)),
        }),
  };
}

/** Describes a foreign error together with its causes: `fetch failed` alone explains nothing. */
function describeForeign(thrown: unknown, depth: number): string {
  const cause =
    typeof thrown === "object" && thrown !== null && "cause" in thrown ? thrown.cause : undefined;
  return cause === undefined || depth <= 0
    ? describeThrown(thrown)
    : `${describeThrown(thrown)} (cause: ${describeForeign(cause, depth - 1)})`;
}
