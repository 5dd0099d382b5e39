import { VmrigError } from "../errors/vmrig-error.ts";
import { availableNames } from "../errors/closest-name.ts";

/** Returns the error for an invalid command line. */
export function usageError(message: string, hint = "see vmrig --help"): VmrigError {
  return new VmrigError("CONFIG_INVALID", { message, hint });
}

/** Returns the error for an unknown verb or option, with the known names. */
export function unknownNameError(
  message: string,
  {
    typed,
    names,
    hint,
  }: {
    readonly typed: string;
    readonly names: readonly string[];
    readonly hint?: string | undefined;
  },
): VmrigError {
  return new VmrigError("CONFIG_INVALID", {
    message,
    details: [availableNames(typed, names)],
    ...(hint !== undefined && { hint }),
  });
}
