import { z } from "zod";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { printable } from "../../lease/holder.ts";
import type { StateVersion, StateWrite, StoredState } from "./state-store.ts";

/** What a store keeps of a version beside its text. */
export const VERSION = z.object({
  version: z.number().int().positive(),
  fence: z.number().int().nonnegative(),
  write: z.string().min(1),
  by: z.object({ who: z.string(), host: z.string(), command: z.string(), session: z.string() }),
  at: z.number(),
  summary: z.string(),
  applying: z.array(z.string()),
  removing: z.array(z.string()).default([]),
});

/** Returns the version that a write creates. */
export function versionOf(write: StateWrite): StateVersion {
  const { id, base, fence, at, summary, applying, removing = [] } = write;
  const by = printable(write.by);
  return { version: base + 1, fence, write: id, by, at, summary, applying, removing };
}

/** Encodes a version for a store: its facts as JSON in the first line, then the text. */
export function encodeRecord(version: StateVersion, text: string): string {
  return `${JSON.stringify(version)}\n${text}`;
}

/**
 * Decodes what {@link encodeRecord} wrote.
 *
 * @param where the record's place, for the error
 * @throws VmrigError `STATE_LOST` when it is damaged
 */
export function decodeRecord(record: string, where: string): StoredState {
  const end = record.indexOf("\n");
  if (end === -1) throw damaged(where, "its text is missing");
  return { ...decodeVersion(record.slice(0, end), where), text: record.slice(end + 1) };
}

/** Decodes the first line of a record. @throws VmrigError `STATE_LOST` when it is damaged */
export function decodeVersion(line: string, where: string): StateVersion {
  try {
    return VERSION.parse(JSON.parse(line));
  } catch (error) {
    throw damaged(where, "its first line is not a description of the version", error);
  }
}

function damaged(where: string, why: string, cause?: unknown): VmrigError {
  return new VmrigError("STATE_LOST", {
    message: `The stored state ${where} is damaged: ${why}.`,
    hint: "return to an earlier version of the state",
    ...(cause === undefined ? {} : { cause }),
  });
}
