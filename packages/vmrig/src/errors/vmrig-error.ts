import { CODES, type ErrorCode, type Fault } from "./codes.ts";
import { redact } from "./redact.ts";
import { describeThrown } from "./thrown.ts";

const BRAND = Symbol.for("vmrig.error");

/** Text of an error, and its cause. */
export interface ErrorFacts {
  /** What went wrong, on which object, with the measured value. One sentence. */
  readonly message: string;
  /** One fact per line, shown indented under the message. */
  readonly details?: readonly string[];
  /** The one remedy. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * Base class of all errors of vmrig. Recognise one with {@link isVmrigError}, never with
 * `instanceof`, which fails for a second copy of the package and for another realm. The fields
 * survive JSON and structured cloning. The constructor redacts secrets.
 */
export class VmrigError extends Error {
  /**
   * `VmrigError [RIG_BUSY]`, the form that Node.js uses for its own errors: a test reporter prints
   * the name, and most reporters print no other field.
   */
  override name: string;
  readonly code: ErrorCode;
  readonly fault: Fault;
  /**
   * The first sentence, without details and hint. `message` contains all three, because every
   * reporter shows the message.
   */
  readonly summary: string;
  readonly details: readonly string[];
  readonly hint: string | undefined;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    const summary = redact(facts.message);
    // Redacted as one text, because a private key spans many lines.
    const details =
      facts.details === undefined || facts.details.length === 0
        ? []
        : redact(facts.details.join("\n")).split("\n");
    const hint = facts.hint === undefined ? undefined : redact(facts.hint);
    super(compose(summary, details, hint), facts.cause === undefined ? {} : { cause: facts.cause });
    Object.defineProperty(this, BRAND, { value: true });
    this.name = `VmrigError [${code}]`;
    this.code = code;
    this.fault = CODES[code];
    this.summary = summary;
    this.details = details;
    this.hint = hint;
  }
}

export function isVmrigError(value: unknown): value is VmrigError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/**
 * Returns a VmrigError unchanged, and wraps any other value as `INTERNAL`. Only a VmrigError may
 * cross a process boundary.
 */
export function asVmrigError(value: unknown): VmrigError {
  if (isVmrigError(value)) return value;
  const stack = value instanceof Error ? (value.stack ?? "") : "";
  return new VmrigError("INTERNAL", {
    message: `Unexpected ${describeThrown(value)}`,
    details: stack
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("at "))
      .slice(0, 5),
    hint: "this is a bug in vmrig: please report it with these lines",
    cause: value,
  });
}

function compose(summary: string, details: readonly string[], hint: string | undefined): string {
  return [
    summary,
    ...details.map((line) => `  ${line}`),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ].join("\n");
}
