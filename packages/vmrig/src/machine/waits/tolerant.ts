import { isVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { Observation } from "../../wait/wait-for.ts";

/** Turns the failure of a probe on a rebooting machine into an observation. */
export function tolerant<T>(
  probe: (signal: AbortSignal) => Promise<Observation<T>>,
): (signal: AbortSignal) => Promise<Observation<T>> {
  return (signal) =>
    probe(signal).catch((error: unknown) => {
      if (!mayPass(error)) throw error;
      return { seen: error.summary.replace(/\.$/, "") };
    });
}

/**
 * Returns whether the failure may be temporary: the machine was unreachable or could not answer,
 * for example while it boots. A missing program does not appear by itself.
 */
export function mayPass(error: unknown): error is VmrigError {
  return (
    isAway(error) ||
    (isVmrigError(error) && error.code === "INSPECTION_FAILED" && error.hint === undefined)
  );
}

/** Returns whether the machine was unreachable. */
export function isAway(error: unknown): error is VmrigError {
  return (
    isVmrigError(error) &&
    (error.code === "CONNECTION_LOST" || error.code === "MACHINE_UNREACHABLE")
  );
}
