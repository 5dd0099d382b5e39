import { z } from "zod";
import { parseDuration } from "../clock/parse-duration.ts";

const SIZE: Readonly<Record<string, number>> = { MB: 1, GB: 1_024 };

/** Parses `"500ms"`, `"30s"`, `"15m"`, `"2h"`, `"1d"` to whole milliseconds. */
export const duration = quantity('a duration such as "30s", "15m" or "2h"', (text) =>
  Math.round(parseDuration(text) ?? 0),
);

/** Parses `"512MB"`, `"2GB"` to MiB, as QEMU and most clouds count. */
export const size = quantity('a size such as "512MB" or "2GB"', (text) => {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?(MB|GB)$/.exec(text.trim()) ?? [];
  return Number(amount) * (SIZE[unit] ?? 0);
});

/**
 * Returns a schema for an amount with a unit. `read` returns 0 for text that is not such an amount.
 */
function quantity(expected: string, read: (text: string) => number): z.ZodType<number, string> {
  return z.string({ error: `expected ${expected}` }).transform((text, context) => {
    const value = read(text);
    if (Number.isFinite(value) && value > 0) return value;
    context.issues.push({ code: "custom", input: text, message: `expected ${expected}` });
    return z.NEVER;
  });
}
