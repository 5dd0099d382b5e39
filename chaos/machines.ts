import { qemu } from "@vmrig/driver-qemu";
import type { Driver } from "vmrig/driver";
import { fakeDriver } from "vmrig/driver-fake";

/** Kind of the suite's machines; its processes read it from `CHAOS_MACHINES`. */
export const KINDS = ["fake", "real"] as const;
export type MachineKind = (typeof KINDS)[number];

export function machineKind(env: NodeJS.ProcessEnv = process.env): MachineKind {
  return env["CHAOS_MACHINES"] === "real" ? "real" : "fake";
}

export function driverOf(kind: MachineKind): Driver {
  return kind === "real" ? qemu() : fakeDriver();
}

/**
 * Time limits that depend on the machines. An emulated machine boots in one to four minutes when
 * other processes need the computer, too.
 */
export interface TimeLimits {
  /**
   * Limit from the end of a fault until each copy is in use again, in addition to the TTL and a
   * dead waiter's last heartbeat.
   */
  readonly slackMs: number;
  /** Without a grant for this long the suite is stuck. */
  readonly stalledMs: number;
  /** Limit for the visits of a run without further faults. */
  readonly leaveMs: number;
  readonly commandMs: number;
}

export const TIME_LIMITS: Readonly<Record<MachineKind, TimeLimits>> = {
  // Time for starting processes, rolling back machines and querying Terraform, on a busy computer.
  fake: { slackMs: 20_000, stalledMs: 90_000, leaveMs: 120_000, commandMs: 20_000 },
  real: { slackMs: 120_000, stalledMs: 400_000, leaveMs: 600_000, commandMs: 120_000 },
};
