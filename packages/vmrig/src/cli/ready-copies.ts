import { machineAddress } from "../driver/machine-address.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { leaseMachines } from "./lease-machines.ts";
import { openRig } from "./open-rig.ts";
import { pickCopies, pickCopyToReplace } from "./pick-copy.ts";
import { pickMachine } from "./pick-machine.ts";
import type { VerbContext } from "./verb.ts";

export interface ReadyOptions {
  /** Name of the only copy to process. @defaultValue all copies, one after another */
  readonly copy?: string | undefined;
  /** Addresses of resources that may be replaced. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
  /** Names of machines to replace, in one copy. @defaultValue none */
  readonly replace?: readonly string[] | undefined;
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
  { copy, allow, replace, refresh = false }: ReadyOptions,
): Promise<void> {
  const opened = await openRig(context);
  if (refresh) (await import("../baseline/refresh.ts")).requireRefresh(opened.rig.driver);
  const failures: unknown[] = [];
  const addresses = replace?.map((name) =>
    machineAddress(opened.rig.driver, pickMachine(opened.rig, name)),
  );
  const copies = addresses ? [await pickCopyToReplace(opened, copy)] : pickCopies(opened.rig, copy);
  for (const only of copies) {
    try {
      await leaseMachines(
        context,
        {
          ...opened,
          only,
          refresh,
          ...(allow && { allow }),
          ...(addresses && { replace: new Set(addresses) }),
        },
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
