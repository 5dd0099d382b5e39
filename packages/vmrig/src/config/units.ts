import { z } from "zod";

const DURATION = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const SIZE = { MB: 1, GB: 1_024 } as const;

/** `"30s"`, `"500ms"`, `"15m"`, `"2h"`; comes out in whole milliseconds. */
export const duration = quantity(DURATION, 'a duration such as "30s", "15m" or "2h"', Math.round);

/** `"512MB"`, `"2GB"`; comes out in MiB, as QEMU and most clouds count. */
export const size = quantity(SIZE, 'a size such as "512MB" or "2GB"', (mb) => mb);

function quantity(units: Readonly<Record<string, number>>, expected: string, whole: (value: number) => number): z.ZodType<number, string> {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${Object.keys(units).join("|")})$`);
  return z.string({ error: `expected ${expected}` }).transform((text, context) => {
    const match = pattern.exec(text.trim());
    const value = whole(Number(match?.[1]) * (units[match?.[2] ?? ""] ?? Number.NaN));
    if (Number.isFinite(value) && value > 0) return value;
    context.issues.push({ code: "custom", input: text, message: `expected ${expected}` });
    return z.NEVER;
  });
}
