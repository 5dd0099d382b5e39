import type { GuestKind, LinkAction, PowerAction } from "../../driver/driver.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** What is done to a machine from outside of it, by the one who may. */
export interface Hands {
  readonly guest: GuestKind;
  /** Ends what runs, and resolves when the machine is as wanted, and its new boot is proven. */
  power(action: PowerAction): Promise<void>;
  link(action: LinkAction): Promise<void>;
  checkpoint(name: string): Promise<Checkpoint>;
  restore(checkpoint: Checkpoint): Promise<void>;
  /** All that was printed on its console so far. */
  console(): Promise<string>;
}
