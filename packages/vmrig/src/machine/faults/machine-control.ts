import type { GuestKind, LinkAction, PowerAction } from "../../driver/driver.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** Control of a machine from outside, by the process that is allowed to do it. */
export interface MachineControl {
  readonly guest: GuestKind;
  /**
   * Ends running commands, and resolves when the machine is in the requested state and its new boot
   * is verified.
   */
  power(action: PowerAction): Promise<void>;
  link(action: LinkAction): Promise<void>;
  checkpoint(name: string): Promise<Checkpoint>;
  restore(checkpoint: Checkpoint): Promise<void>;
  /** Returns the last 64 thousand characters that were printed on the console. */
  console(): Promise<string>;
}
