import type { GuestKind } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { PROOF_FOLDER, STEP_CLOCK } from "./guest-setup.ts";
import type { Recipe } from "./recipe.ts";

/** How vmrig works inside a machine. */
export interface Guest {
  /**
   * Whether the machine has its own operating system, which boots, has a clock, and needs vmrig's
   * guest setup.
   */
  readonly system: boolean;
  /** Runs a recipe from a script on stdin. */
  readonly prepareShell: string;
  /**
   * Folder of the marker that proves a rollback. A relative path begins in the test user's home.
   */
  readonly proofFolder: string;
  /** Folder of the system's configuration. A relative path begins in the test user's home. */
  readonly configFolder: string;
  /** Command that prints a different word after each boot. */
  readonly bootId: string;
  /**
   * Command that sets the clock, as `date` does. Missing where the machine uses the clock of its
   * host.
   */
  readonly stepClock?: string;
  /**
   * File from which the kernel returns a new random UUID at each read. Missing where the machine
   * shares the kernel of its host.
   */
  readonly randomUuid?: string;
}

const GUESTS: Readonly<Record<GuestKind, Guest>> = {
  linux: {
    system: true,
    prepareShell: "sudo -n -i sh -eu -s",
    proofFolder: PROOF_FOLDER,
    configFolder: "/etc",
    bootId: "cat /proc/sys/kernel/random/boot_id",
    stepClock: STEP_CLOCK,
    randomUuid: "/proc/sys/kernel/random/uuid",
  },
  // No absolute path and no user but the test user: such a machine may share its files with its
  // host.
  shell: {
    system: false,
    prepareShell: "sh -eu -s",
    proofFolder: ".vmrig",
    configFolder: "etc",
    bootId: 'echo "$VMRIG_BOOT_ID"',
  },
};

export function guestOf(kind: GuestKind = "linux"): Guest {
  return GUESTS[kind];
}

/**
 * Checks that the machine has the system that its recipe needs.
 *
 * @throws VmrigError `CAPABILITY_MISSING` when the recipe needs a system, and the machine has none
 */
export function requireSystem(
  guest: Guest,
  driver: string,
  machine: string,
  { packages, files }: Recipe,
): void {
  if (guest.system || packages.length + files.length === 0) return;
  throw new VmrigError("CAPABILITY_MISSING", {
    message: `The recipe of ${machine} needs an operating system; machines of driver "${driver}" have none.`,
    details: [
      ...packages.map((name) => `package ${name}`),
      ...files.map(({ path }) => `file ${path}`),
    ],
    hint: "remove `packages` and `files` from `prepare`; `run` works, as the test user",
  });
}
