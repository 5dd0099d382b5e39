import type { Finding } from "../../driver/finding.ts";
import { asVmrigError } from "../../errors/vmrig-error.ts";

/** Returns a failed finding for an error. */
export function failure(what: string, error: unknown, fix?: string): Finding {
  const { code, summary, details, hint } = asVmrigError(error);
  return {
    what,
    status: "fail",
    measured: [summary, ...details].join(" "),
    fix: fix ?? hint ?? `see ${code} in "Errors" of the docs`,
  };
}

/** Formats a finding: `FAIL  terraform: not on the PATH — install it`. */
export function findingLine({ what, status, measured, fix }: Finding): string {
  const mark = status === "fail" ? "FAIL" : status.padEnd(4);
  return `${mark}  ${what}: ${measured}${fix === undefined ? "" : ` — ${fix}`}`.replace(
    /\s*\n\s*/g,
    " ",
  );
}
