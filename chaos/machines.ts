import { qemu } from "@vmrig/driver-qemu";
import type { Driver } from "vmrig/driver";
import { fakeDriver } from "vmrig/driver-fake";

/** What the machines of a suite are; its processes are told by `CHAOS_MACHINES`. */
export const KINDS = ["fake", "real"] as const;
export type MachineKind = (typeof KINDS)[number];

export function machineKind(env: NodeJS.ProcessEnv = process.env): MachineKind {
  return env["CHAOS_MACHINES"] === "real" ? "real" : "fake";
}

export function driverOf(kind: MachineKind): Driver {
  return kind === "real" ? qemu() : fakeDriver();
}

/**
 * How long things may take that depend on the machines. An emulated one boots for a minute or four,
 * when others need the computer too.
 */
export interface Patience {
  /**
   * From the end of a fault until each copy is at work again, beside the ttl and a dead waiter's
   * last heartbeat.
   */
  readonly slackMs: number;
  /** Without a grant for so long nothing will ever move again. */
  readonly stalledMs: number;
  /** For the visits of a run that nobody disturbs any more. */
  readonly leaveMs: number;
  readonly commandMs: number;
}

export const PATIENCE: Readonly<Record<MachineKind, Patience>> = {
  // For processes to start, machines to be rolled back and Terraform to be asked, on a computer
  // that has other things to do.
  fake: { slackMs: 20_000, stalledMs: 90_000, leaveMs: 120_000, commandMs: 20_000 },
  real: { slackMs: 120_000, stalledMs: 400_000, leaveMs: 600_000, commandMs: 120_000 },
};
