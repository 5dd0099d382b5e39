import { CODES, type ErrorCode, type Fault } from "./codes.ts";
import { redact } from "./redact.ts";
import { describeThrown } from "./thrown.ts";

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

/**
 * The one base class of vmrig's errors. Recognise it with {@link isVmrigError}, never with
 * `instanceof`: two copies of the package, or another realm, would answer no. Its own fields
 * survive JSON and structured cloning. Secrets are redacted on construction.
 */
export class VmrigError extends Error {
  /**
   * `VmrigError [RIG_BUSY]`, as Node.js shows its own: a test reporter prints the name, and most
   * print no other field.
   */
  override name: string;
  readonly code: ErrorCode;
  readonly fault: Fault;
  /**
   * The first sentence, without details and hint; `message` holds all three, because every reporter
   * shows that one.
   */
  readonly summary: string;
  readonly details: readonly string[];
  readonly hint: string | undefined;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    const summary = redact(facts.message);
    // As one text: a key is many lines.
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
 * The error as it is if it is ours, otherwise wrapped as `INTERNAL`: what crosses a process
 * boundary is always a VmrigError.
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
