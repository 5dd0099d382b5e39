import { checkOptions } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Duration } from "../duration-option.ts";
import { WAIT_OPTIONS, type WaitOptions } from "../waits/wait-options.ts";
import type { FaultTarget } from "./fault-target.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { MachineControl } from "./machine-control.ts";
import { waitForConsole } from "./wait-for-console.ts";
import { block, unblock } from "./block.ts";
import { SLOW_OPTIONS, slow, type SlowOptions } from "./slow.ts";
import { FILL_DISK_OPTIONS, fillDisk, type FillDiskOptions } from "./fill-disk.ts";
import { skewClock } from "./skew-clock.ts";

/** Faults that a test can cause on a machine. The next rollback undoes all of them. */
export interface MachineFaults {
  /**
   * Shuts the machine down and boots it. Resolves when its boot id has changed and the machine is
   * usable. Running commands fail with `CONNECTION_LOST`; the next command runs on the new boot.
   */
  reboot(): Promise<void>;
  /**
   * Cuts the power: data that the machine had not written to its disk is lost. The machine is then
   * off.
   */
  crash(): Promise<void>;
  /** Shuts the machine down. Commands fail with `MACHINE_OFF` until it is powered on. */
  powerOff(): Promise<void>;
  /** Boots a machine that is off, from the current content of its disk. */
  powerOn(): Promise<void>;
  /** Disconnects the machine's link to the rig's network. Commands still reach the machine. */
  disconnect(): Promise<void>;
  /** Connects the link again. */
  connect(): Promise<void>;
  /** Blocks all traffic between this machine and another one, in both directions. */
  block(other: FaultTarget): Promise<void>;
  unblock(other: FaultTarget): Promise<void>;
  /**
   * Delays or drops packets that the machine sends to the rig's network. `slow({})` restores normal
   * operation.
   */
  slow(options: SlowOptions): Promise<void>;
  /**
   * Sets the machine's clock to the real time plus an offset: `"90s"`, `"-5m"`. `0` sets the real
   * time.
   */
  skewClock(by: Duration): Promise<void>;
  /** Fills the disk of a folder, except for `leave` bytes. */
  fillDisk(options?: FillDiskOptions): Promise<void>;
  /** Saves the state of the machine under a name until the test file ends. */
  checkpoint(name: string): Promise<Checkpoint>;
  /**
   * Restores this machine to the checkpoint. Running commands fail with `CONNECTION_LOST`.
   *
   * @throws VmrigError `CHECKPOINT_UNKNOWN`
   */
  restore(checkpoint: Checkpoint): Promise<void>;
  /**
   * Waits until the machine's console contains the words or matches the pattern. Resolves with that
   * line, without control sequences of terminals. Output since the last rollback or restore counts:
   * the last 64 thousand characters.
   */
  waitForConsole(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
}

export interface FaultsOptions {
  readonly context: ExecutionContext;
  readonly self: () => FaultTarget;
  readonly control: MachineControl | undefined;
  /** Called when the machine may have a new boot and new connections. */
  readonly back: () => Promise<void>;
}

export function createFaults({ context, self, control, back }: FaultsOptions): MachineFaults {
  const able = (): MachineControl => {
    if (control !== undefined) return control;
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `Only a vmrig test can do this to a machine, and ${context.name} does not belong to one.`,
    });
  };
  const inside = (what: string): FaultTarget => {
    if (able().guest === "linux") return self();
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `${context.name} has no guest operating system, so it cannot ${what}.`,
    });
  };
  return {
    async reboot() {
      await able().power("reboot");
      await back();
    },
    crash: async () => able().power("crash"),
    powerOff: async () => able().power("off"),
    async powerOn() {
      await able().power("on");
      await back();
    },
    disconnect: async () => able().link("disconnect"),
    connect: async () => able().link("connect"),
    block: async (other) => block(inside("block another machine"), other),
    unblock: async (other) => unblock(inside("unblock another machine"), other),
    async slow(options) {
      checkOptions(`${context.name}.slow()`, options, SLOW_OPTIONS);
      await slow(inside("be slowed down"), options);
    },
    skewClock: async (by) => skewClock(inside("set its clock"), by),
    async fillDisk(options = {}) {
      checkOptions(`${context.name}.fillDisk()`, options, FILL_DISK_OPTIONS);
      await fillDisk(inside("fill its disk"), options);
    },
    checkpoint: async (name) => able().checkpoint(name),
    async restore(checkpoint) {
      await able().restore(checkpoint);
      await back();
    },
    async waitForConsole(pattern, options = {}) {
      checkOptions(`${context.name}.waitForConsole()`, options, WAIT_OPTIONS);
      return waitForConsole(pattern, { ...options, context, control: able() });
    },
  };
}
