import { VmrigError } from "../../errors/vmrig-error.ts";

/** Largest state that a store accepts. A machine takes about 4 KB. */
export const MAX_STATE_BYTES = 8 * 1024 * 1024;

/** @throws VmrigError `STATE_UNWRITABLE` when the text is larger than a store accepts */
export function checkSize(text: string, copy: string, shown: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_STATE_BYTES) return;
  throw tooLarge(bytes, copy, shown);
}

export function tooLarge(bytes: number, copy: string, shown: string): VmrigError {
  return new VmrigError("STATE_UNWRITABLE", {
    message: `The state of "${copy}" has ${bytes} bytes, and ${shown} stores at most ${MAX_STATE_BYTES}.`,
    hint: "a resource with a large attribute, such as a file's content, is the usual cause",
  });
}
