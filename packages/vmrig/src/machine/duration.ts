import { VmrigError } from "../errors/vmrig-error.ts";

/** Milliseconds, or text with a unit: `500ms`, `30s`, `2m`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** @throws VmrigError `COMMAND_INVALID` on what is not a duration */
export function milliseconds(duration: Duration): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(typeof duration === "number" ? `${duration}ms` : duration) ?? [];
  const factor = UNITS[unit];
  if (factor !== undefined) return Number(amount) * factor;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${JSON.stringify(duration) ?? String(duration)} is not a duration.`,
    hint: 'write milliseconds, or "500ms", "30s", "2m"',
  });
}
