import { VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { Duration } from "../duration-option.ts";
import { toWatch, type WaitOptions } from "../waits/wait-options.ts";
import type { FaultTarget } from "./fault-target.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { MachineControl } from "./machine-control.ts";
import { block, fillDisk, skewClock, slow, unblock, type SlowOptions } from "./in-guest.ts";

/** What a test may do to a machine. All of it is undone by the next rollback. */
export interface MachineFaults {
  /**
   * Has the machine shut down and boot, and resolves when it has: by its boot id. What ran is
   * `CONNECTION_LOST`; the next command runs on the new boot.
   */
  reboot(): Promise<void>;
  /** Cuts the power: what the machine had not written to its disk is lost. It is off then. */
  crash(): Promise<void>;
  /** Has the machine shut itself down. Commands are `MACHINE_OFF` until it is on again. */
  powerOff(): Promise<void>;
  /** Boots a machine that is off, from its disk as it is. */
  powerOn(): Promise<void>;
  /** Pulls the machine's link to the rig's network. Commands still reach it. */
  disconnect(): Promise<void>;
  /** Plugs it in again. */
  connect(): Promise<void>;
  /** Lets nothing pass between this machine and another one, in either direction. */
  block(other: FaultTarget): Promise<void>;
  unblock(other: FaultTarget): Promise<void>;
  /** Delays, or loses, what the machine sends to the rig's network; `slow({})` ends that. */
  slow(options: SlowOptions): Promise<void>;
  /** Sets the machine's clock so far from the right time: `"90s"`, `"-5m"`; `0` sets it right. */
  skewClock(by: Duration): Promise<void>;
  /** Takes the room on the disk that a folder is on, but for so many bytes. */
  fillDisk(options?: { readonly folder?: string; readonly leave?: number }): Promise<void>;
  /** Keeps the state of the machine under a name. It lasts until the test file ends. */
  checkpoint(name: string): Promise<Checkpoint>;
  /**
   * Brings this machine back to it. What runs is `CONNECTION_LOST`.
   *
   * @throws VmrigError `CHECKPOINT_UNKNOWN`
   */
  restore(checkpoint: Checkpoint): Promise<void>;
  /**
   * Until the machine's console has the words or matches; resolves with that line. What it printed
   * since it was last rolled back, or restored, counts: the last 64 thousand characters.
   */
  waitForConsole(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
}

export interface FaultsOptions {
  readonly context: ExecutionContext;
  readonly self: () => FaultTarget;
  readonly control: MachineControl | undefined;
  /** Is told when it may have another boot, and other connections. */
  readonly back: () => Promise<void>;
}

export function createFaults({ context, self, control, back }: FaultsOptions): MachineFaults {
  const able = (): MachineControl => {
    if (control !== undefined) return control;
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `${context.name} was not handed out by a gate, and nobody else may do that to it.`,
    });
  };
  const inside = (what: string): FaultTarget => {
    if (able().guest === "linux") return self();
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `${context.name} has no system of its own, and cannot ${what}.`,
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
    block: async (other) => block(inside("block another one"), other),
    unblock: async (other) => unblock(inside("unblock another one"), other),
    slow: async (options) => slow(inside("be slowed down"), options),
    skewClock: async (by) => skewClock(inside("set its clock"), by),
    fillDisk: async (options = {}) => fillDisk(inside("fill its disk"), options),
    checkpoint: async (name) => able().checkpoint(name),
    async restore(checkpoint) {
      await able().restore(checkpoint);
      await back();
    },
    waitForConsole: async (pattern, options = {}) => {
      const console = able();
      return await waitFor<string>({
        ...toWatch({ context, clock: context.clock }, options),
        what: `${typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern)} on its console`,
        probe: async () => {
          const lines = (await console.console()).split(/\r*\n/);
          const found = lines.findLast((line) =>
            typeof pattern === "string" ? line.includes(pattern) : line.search(pattern) >= 0,
          );
          if (found !== undefined) return { value: found };
          return {
            seen: `as its last line: ${lines.findLast((line) => line.trim() !== "") ?? "nothing"}`,
          };
        },
      });
    },
  };
}
