import type { GuestKind } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { PROOF_FOLDER, STEP_CLOCK } from "./guest-setup.ts";
import type { Recipe } from "./recipe.ts";

/** How vmrig works inside of a machine. */
export interface Guest {
  /**
   * Whether it has a system of its own, which boots, has a clock, and wants vmrig's house-keeping.
   */
  readonly system: boolean;
  /** Runs what a recipe does, from a script on stdin. */
  readonly prepareShell: string;
  /** Where what a rollback is proven by is kept; a relative one begins in the test user's home. */
  readonly proofFolder: string;
  /** Where its system is configured; a relative one begins in the test user's home. */
  readonly configFolder: string;
  /** Prints a word that is another one after each boot. */
  readonly bootId: string;
  /** Sets the clock, as `date` does. Missing where the clock is none of the machine's own. */
  readonly stepClock?: string;
}

const GUESTS: Readonly<Record<GuestKind, Guest>> = {
  linux: {
    system: true,
    prepareShell: "sudo -n -i sh -eu -s",
    proofFolder: PROOF_FOLDER,
    configFolder: "/etc",
    bootId: "cat /proc/sys/kernel/random/boot_id",
    stepClock: STEP_CLOCK,
  },
  // Not one absolute path, and nobody but the test user: such a machine may share its files with
  // the computer that it runs on.
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
    message: `The machines of the driver "${driver}" have no system that ${machine} could be prepared with.`,
    details: [
      ...packages.map((name) => `package ${name}`),
      ...files.map(({ path }) => `file ${path}`),
    ],
    hint: "leave `packages` and `files` out of `prepare`; `run` works there, as the test user",
  });
}
