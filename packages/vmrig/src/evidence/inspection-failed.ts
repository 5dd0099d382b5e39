import { VmrigError } from "../errors/vmrig-error.ts";
import { factsOf, isNotBegun } from "../machine/command/frame/not-begun.ts";

/** Throws the error of a query that a startup file prevented, or the error itself. */
export function inspectionFailed(error: unknown): never {
  if (!isNotBegun(error)) throw error;
  throw new VmrigError("INSPECTION_FAILED", {
    message: `${error.reason}.`,
    ...factsOf(error),
    cause: error,
  });
}
