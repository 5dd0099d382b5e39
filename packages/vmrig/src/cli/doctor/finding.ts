import type { Finding } from "../../driver/driver.ts";
import { asVmrigError } from "../../errors/vmrig-error.ts";

/** What an error says about a prerequisite. */
export function failure(what: string, error: unknown, fix?: string): Finding {
  const { summary, details, hint } = asVmrigError(error);
  return {
    what,
    status: "fail",
    measured: [summary, ...details].join(" "),
    fix: fix ?? hint ?? "see the error's page, docs/reference/errors.md",
  };
}

/** `FAIL  terraform: not on the PATH — install it` */
export function findingLine({ what, status, measured, fix }: Finding): string {
  const mark = status === "fail" ? "FAIL" : status.padEnd(4);
  return `${mark}  ${what}: ${measured}${fix === undefined ? "" : ` — ${fix}`}`.replace(
    /\s*\n\s*/g,
    " ",
  );
}
