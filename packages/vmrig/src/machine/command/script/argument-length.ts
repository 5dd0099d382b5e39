import { VmrigError } from "../../../errors/vmrig-error.ts";

/**
 * Maximum size of an argument. Linux rejects a longer single argument (MAX_ARG_STRLEN, 32 pages),
 * and sshd passes a whole script as one argument of the shell.
 */
export const MAX_BYTES = 131_071;

/**
 * Returns the text.
 *
 * @throws VmrigError `COMMAND_INVALID` when the text is too long for one argument on Linux
 */
export function checkLength(what: string, text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_BYTES) return text;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${what} has ${bytes} bytes; Linux takes at most ${MAX_BYTES} in one argument.`,
    hint: "pass large data through the `input` option or `file().write()`",
  });
}
