import type { GuestKind, LinkAction, PowerAction } from "../../driver/driver.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** What is done to a machine from outside of it, by the one who may. */
export interface MachineControl {
  readonly guest: GuestKind;
  /** Ends what runs, and resolves when the machine is as wanted, and its new boot is proven. */
  power(action: PowerAction): Promise<void>;
  link(action: LinkAction): Promise<void>;
  checkpoint(name: string): Promise<Checkpoint>;
  restore(checkpoint: Checkpoint): Promise<void>;
  /** The last 64 thousand characters that were printed on its console. */
  console(): Promise<string>;
}
