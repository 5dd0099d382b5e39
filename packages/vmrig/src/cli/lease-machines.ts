import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { ClaimSession } from "../worker/claim-session.ts";
import type { OpenedRig } from "./open-rig.ts";
import type { VerbContext } from "./verb.ts";

/** Machines that a verb has leased. */
export interface LeasedMachines {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  readonly claim: ClaimSession;
  /** Aborts when the program is interrupted and when the lease is lost. */
  readonly signal: AbortSignal;
}

export interface LeaseMachinesOptions extends OpenedRig {
  /** Name of the only acceptable copy. @defaultValue any usable copy */
  readonly only?: string | undefined;
  /** Addresses of resources that may be replaced. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
  /** Addresses of machines to replace. @defaultValue none */
  readonly replace?: ReadonlySet<string> | undefined;
  /** Upgrades the packages first. @defaultValue false */
  readonly refresh?: boolean;
}

/**
 * Leases a copy of the rig and brings its machines to their baseline, with a gate as in a test run.
 * Releases the lease after `work`, also when it fails.
 */
export async function leaseMachines<T>(
  { holder, say, signal: interrupted }: VerbContext,
  { rig, folders, only, allow, replace, refresh = false }: LeaseMachinesOptions,
  work: (leased: LeasedMachines) => Promise<T>,
): Promise<T> {
  // Loaded late, so that the help and mistakes are printed without delay.
  const [{ openGate }, { claimMachines }, { localClient }] = await Promise.all([
    import("../gate/open-gate.ts"),
    import("../worker/claim-machines.ts"),
    import("../gate/local-client.ts"),
  ]);
  interrupted.throwIfAborted();
  await using gate = openGate({
    rig,
    folders,
    holder,
    say,
    maxCopies: 1,
    refresh,
    ...(only !== undefined && { only }),
    ...(allow && { allow }),
    ...(replace && { replace }),
  });
  // Closes the gate only during the claim. After that, the signal ends `work`.
  const giveUp = (): void => void gate.close();
  interrupted.addEventListener("abort", giveUp, { once: true });
  const claim = await claimMachines(localClient(gate), "file");
  interrupted.removeEventListener("abort", giveUp);
  const signal = AbortSignal.any([interrupted, claim.signal]);
  signal.throwIfAborted();
  try {
    return await work({ rig, folders, claim, signal });
  } finally {
    await claim.release();
  }
}
