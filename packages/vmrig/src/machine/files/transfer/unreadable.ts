import { VmrigError } from "../../../errors/vmrig-error.ts";

/** Creates the error of an upload that cannot read its source. */
export function unreadable(path: string, reason: string, cause?: unknown): VmrigError {
  return new VmrigError("FILE_FAILED", { message: `Cannot upload ${path}: ${reason}.`, cause });
}
