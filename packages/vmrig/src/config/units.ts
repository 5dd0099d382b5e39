import { z } from "zod";
import { parseDuration } from "../clock/parse-duration.ts";

const SIZE: Readonly<Record<string, number>> = { MB: 1, GB: 1_024 };

/** `"500ms"`, `"30s"`, `"15m"`, `"2h"`, `"1d"`; comes out in whole milliseconds. */
export const duration = quantity('a duration such as "30s", "15m" or "2h"', (text) =>
  Math.round(parseDuration(text) ?? 0),
);

/** `"512MB"`, `"2GB"`; comes out in MiB, as QEMU and most clouds count. */
export const size = quantity('a size such as "512MB" or "2GB"', (text) => {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?(MB|GB)$/.exec(text.trim()) ?? [];
  return Number(amount) * (SIZE[unit] ?? 0);
});

/** What is none of it, or nothing, `read` tells by 0. */
function quantity(expected: string, read: (text: string) => number): z.ZodType<number, string> {
  return z.string({ error: `expected ${expected}` }).transform((text, context) => {
    const value = read(text);
    if (Number.isFinite(value) && value > 0) return value;
    context.issues.push({ code: "custom", input: text, message: `expected ${expected}` });
    return z.NEVER;
  });
}
