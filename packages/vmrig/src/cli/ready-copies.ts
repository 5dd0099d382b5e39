import type { ErrorCode } from "../errors/codes.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { leaseMachines } from "./lease-machines.ts";
import { openRig } from "./open-rig.ts";
import { pickCopies } from "./pick-copy.ts";
import type { VerbContext } from "./verb.ts";

export interface ReadyOptions {
  /** Name of the only copy to process. @defaultValue all copies, one after another */
  readonly copy?: string | undefined;
  /** Addresses of resources that may be replaced. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
  /** Upgrades the packages first. @defaultValue false */
  readonly refresh?: boolean | undefined;
}

/** Errors of one copy, which do not stop the work on the others. */
const OF_ONE_COPY: ReadonlySet<ErrorCode> = new Set(["MACHINE_BROKEN", "UPGRADE_FAILED"]);

/**
 * Brings copies of the rig to their baseline, one after another, repairs broken ones and prints
 * each ready copy. A copy that cannot be repaired or upgraded does not stop the others.
 *
 * @throws the first failure, after all copies were tried
 */
export async function readyCopies(
  context: VerbContext,
  { copy, allow, refresh = false }: ReadyOptions,
): Promise<void> {
  const opened = await openRig(context);
  if (refresh) (await import("../baseline/refresh.ts")).requireRefresh(opened.rig.driver);
  const failures: unknown[] = [];
  for (const only of pickCopies(opened.rig, copy)) {
    try {
      await leaseMachines(
        context,
        { ...opened, only, refresh, ...(allow && { allow }) },
        async ({ claim }) => {
          const names = Object.keys(claim.machines).join(", ");
          context.print(`ready    ${claim.copy}: ${names} at baseline ${claim.baseline}\n`);
        },
      );
    } catch (error) {
      if (!isVmrigError(error) || !OF_ONE_COPY.has(error.code)) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
