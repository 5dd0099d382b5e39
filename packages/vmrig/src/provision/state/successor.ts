import { isEncrypted, parseStamp } from "./stamp.ts";

/**
 * Returns an earlier text as a successor of the newest one: with its lineage, and a larger serial.
 * A state that OpenTofu encrypted stays as it is: it is bound to its serial (measured with 1.12:
 * "serial field mismatch").
 *
 * @param newest `undefined` when it is not readable
 * @returns `undefined` when the text is not a state
 */
export function asSuccessor(text: string, newest: string | undefined): string | undefined {
  const stamp = parseStamp(text);
  if (stamp === undefined) return undefined;
  if (isEncrypted(text)) return text;
  const before = parseStamp(newest ?? "");
  return `${JSON.stringify(
    {
      ...stamp,
      serial: Math.max(stamp.serial, before?.serial ?? 0) + 1,
      lineage: before?.lineage ?? stamp.lineage,
    },
    undefined,
    2,
  )}\n`;
}
