import { redact } from "../errors/redact.ts";
import type { Holder } from "./lease.ts";

const LONGEST = 200;

/** Returns `alice@laptop (vitest run x)`. */
export function describeHolder(holder: Holder): string {
  const { who, host, command } = printable(holder);
  return `${who}@${host}${command === "" ? "" : ` (${command})`}`;
}

/**
 * Encodes a holder for Redis: without secrets and control characters, of bounded length. For a
 * waiter also its request.
 */
export function encodeHolder(
  holder: Holder,
  wants: { readonly accept?: readonly string[]; readonly extra?: boolean } = {},
): string {
  return JSON.stringify({ ...printable(holder), ...wants });
}

/**
 * Decodes a holder that another process wrote, possibly of another version. Never throws, and never
 * returns characters that move the cursor of a terminal.
 */
export function decodeHolder(text: string): Holder {
  let value: Partial<Record<keyof Holder, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) value = parsed;
  } catch {
    // Not JSON: the holder has no name but is still a holder.
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
 * Returns a text that is safe to show. Control characters move cursors, format characters (bidi
 * marks, zero-width) reorder and hide text, lone surrogates break encoders.
 */
export function clean(text: string): string {
  return redact(text)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, LONGEST)
    .toWellFormed();
}
