import { redact } from "../errors/redact.ts";
import type { Holder } from "./lease.ts";

const LONGEST = 200;

/** `alice@laptop (vitest run x)` */
export function describeHolder(holder: Holder): string {
  const { who, host, command } = printable(holder);
  return `${who}@${host}${command === "" ? "" : ` (${command})`}`;
}

/**
 * A holder as others may read it in Redis: without secrets and control characters, of bounded
 * length. With what it wants, while it waits.
 */
export function encodeHolder(
  holder: Holder,
  wants: { readonly accept?: readonly string[]; readonly extra?: boolean } = {},
): string {
  return JSON.stringify({ ...printable(holder), ...wants });
}

/**
 * Reads what some other process, perhaps of another version, wrote. Never throws, never returns
 * what would move a terminal's cursor.
 */
export function decodeHolder(text: string): Holder {
  let value: Partial<Record<keyof Holder, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) value = parsed;
  } catch {
    // Not JSON: a holder without a name is still a holder.
  }
  const field = (name: keyof Holder, missing: string) =>
    typeof value[name] === "string" ? value[name] : missing;
  return printable({
    who: field("who", "unknown"),
    host: field("host", "unknown"),
    command: field("command", ""),
    session: field("session", ""),
  });
}

export function printable(holder: Holder): Holder {
  return {
    who: clean(holder.who),
    host: clean(holder.host),
    command: clean(holder.command),
    session: clean(holder.session),
  };
}

/**
 * A text as others may read it. Control characters move cursors, format characters (bidi marks,
 * zero-width) reorder and hide text, lone surrogates break encoders.
 */
export function clean(text: string): string {
  return redact(text)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, LONGEST)
    .toWellFormed();
}
