import { parseDuration } from "../clock/parse-duration.ts";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Duration in milliseconds, or as text with a unit as in the config: `500ms`, `30s`, `15m`, `2h`,
 * `1d`.
 */
export type Duration = number | string;

/**
 * Converts a duration to milliseconds.
 *
 * @throws VmrigError `COMMAND_INVALID` when the value is not a duration
 */
export function toMilliseconds(duration: Duration): number {
  const ms = parseDuration(typeof duration === "number" ? `${duration}ms` : duration);
  if (ms !== undefined) return ms;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${JSON.stringify(duration) ?? String(duration)} is not a duration.`,
    hint: 'write milliseconds, or "500ms", "30s", "15m", "2h"',
  });
}
