import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { Grant } from "../gate/messages.ts";
import { openRig } from "./open-rig.ts";
import type { Surroundings } from "./verb.ts";

/** Machines that are held while a verb works with them. */
export interface Held {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  readonly granted: Grant;
  /** Aborts when the program is told to end, and when the lease is lost. */
  readonly signal: AbortSignal;
}

export interface HoldOptions {
  /** Looks at the rig before anything is leased. */
  readonly check?: (rig: ResolvedRig) => void;
  /** Addresses that may be replaced. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
}

/**
 * Leases the rig and brings its machines to their baseline, through the same gate as a test run; hands them on when `work` has ended,
 * however that happens.
 */
export async function holdMachines<T>(
  surroundings: Surroundings,
  { check, allow }: HoldOptions,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const { holder, say, signal: ended } = surroundings;
  const { rig, folders } = await openRig(surroundings);
  check?.(rig);
  const { openGate } = await import("../gate/gate.ts");
  ended.throwIfAborted();
  await using gate = openGate({ rig, folders, holder, say, ...(allow && { allow }) });
  // While it works, its own signal tells it to end; the machines are handed on after that.
  const giveUp = (): void => void gate.close();
  ended.addEventListener("abort", giveUp, { once: true });
  const granted = await gate.claim("file");
  ended.removeEventListener("abort", giveUp);
  const signal = AbortSignal.any([ended, gate.lost(granted.claim)]);
  signal.throwIfAborted();
  return await work({ rig, folders, granted, signal });
}
