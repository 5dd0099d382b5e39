import { CODES, type ErrorCode, type Fault } from "./codes.ts";
import { redact } from "./redact.ts";

const BRAND = Symbol.for("vmrig.error");

export interface ErrorFacts {
  /** What went wrong, on which object, with the measured value. One sentence. */
  readonly message: string;
  /** One fact a line, shown indented under the message. */
  readonly details?: readonly string[];
  /** The one remedy. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** What an error looks like on the gate's socket, in a worker message or in `--json` output. */
export interface ErrorJson {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: readonly string[];
  readonly hint?: string;
  readonly cause?: ErrorJson | string;
}

/**
 * The one base class of vmrig's errors. Recognise it with {@link isVmrigError}, never with `instanceof`: two copies of the package, or
 * another realm, would answer no. Its own fields survive JSON and structured cloning. Secrets are redacted on construction.
 */
export class VmrigError extends Error {
  override name = "VmrigError";
  readonly code: ErrorCode;
  readonly fault: Fault;
  /** The first sentence, without details and hint; `message` holds all three, because every reporter shows that one. */
  readonly summary: string;
  readonly details: readonly string[];
  readonly hint: string | undefined;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    const summary = redact(facts.message);
    const details = (facts.details ?? []).map(redact);
    const hint = facts.hint === undefined ? undefined : redact(facts.hint);
    super(compose(summary, details, hint), facts.cause === undefined ? {} : { cause: facts.cause });
    Object.defineProperty(this, BRAND, { value: true });
    this.code = code;
    this.fault = CODES[code];
    this.summary = summary;
    this.details = details;
    this.hint = hint;
  }

  toJSON(): ErrorJson {
    return {
      name: this.name,
      code: this.code,
      message: this.summary,
      details: this.details,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.cause === undefined ? {} : { cause: causeJson(this.cause) }),
    };
  }

  /** Rebuilds an error that came as JSON from another process. The stack is that of the call, the cause is kept. */
  static fromJSON(json: ErrorJson): VmrigError {
    const { cause } = json;
    return new VmrigError(json.code, {
      message: json.message,
      details: json.details,
      ...(json.hint === undefined ? {} : { hint: json.hint }),
      ...(cause === undefined
        ? {}
        : { cause: typeof cause === "string" ? new Error(cause) : VmrigError.fromJSON(cause) }),
    });
  }
}

export function isVmrigError(value: unknown): value is VmrigError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** The error as it is if it is ours, otherwise wrapped as `INTERNAL`: what crosses a process boundary is always a VmrigError. */
export function asVmrigError(value: unknown): VmrigError {
  if (isVmrigError(value)) return value;
  const error = value instanceof Error ? value : new Error(String(value));
  return new VmrigError("INTERNAL", {
    message: `Unexpected ${error.name}: ${error.message}`,
    details: (error.stack ?? "").split("\n").slice(1, 6).map((line) => line.trim()),
    hint: "this is a bug in vmrig: please report it with these lines",
    cause: error,
  });
}

function compose(summary: string, details: readonly string[], hint: string | undefined): string {
  return [summary, ...details.map((line) => `  ${line}`), ...(hint === undefined ? [] : [`hint: ${hint}`])].join("\n");
}

function causeJson(cause: unknown): ErrorJson | string {
  if (isVmrigError(cause)) return cause.toJSON();
  return redact(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause));
}
