const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${Object.keys(UNITS).join("|")})$`);

/**
 * Converts a duration as people write it to milliseconds: `"500ms"`, `"1.5s"`, `"15m"`, `"2h"`,
 * `"1d"`. Returns `undefined` when the text is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  const [, amount = "", unit = ""] = DURATION.exec(text.trim()) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? Number.NaN);
  return Number.isFinite(ms) ? ms : undefined;
}
