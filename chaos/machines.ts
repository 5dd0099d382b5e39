import type { Driver } from "vmrig/driver";

/**
 * Kind of the suite's machines; its processes read it from `CHAOS_MACHINES`. `cloud`: servers of
 * Hetzner Cloud, which are real machines behind a double of its API.
 */
const KINDS = ["fake", "real", "cloud"] as const;
export type MachineKind = (typeof KINDS)[number];

export function machineKind(env: NodeJS.ProcessEnv = process.env): MachineKind {
  return KINDS.find((kind) => kind === env["CHAOS_MACHINES"]) ?? "fake";
}

/** Each suite loads only its own driver. */
export async function driverOf(kind: MachineKind): Promise<Driver> {
  switch (kind) {
    case "fake":
      return (await import("vmrig/driver-fake")).fakeDriver();
    case "real":
      return (await import("@vmrig/driver-qemu")).qemu();
    case "cloud": {
      const { hcloud } = await import("@vmrig/driver-hcloud");
      return hcloud({
        locations: ["fsn1"],
        serverTypes: ["cx23", "cpx22"],
        firewall: { ssh: ["203.0.113.0/24"] },
      });
    }
  }
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
  // Time for writing the image to a disk again, with the first boot and the recipe after it, when
  // the API refuses some of the calls.
  cloud: { slackMs: 900_000, stalledMs: 1_200_000, leaveMs: 1_500_000, commandMs: 120_000 },
};
