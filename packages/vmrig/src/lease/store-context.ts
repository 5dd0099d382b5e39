import type { Clock } from "../clock/clock.ts";
import type { LeaseBackend } from "./lease-backend.ts";

/** Dependencies that all parts of one store share. */
export interface StoreContext {
  readonly backend: LeaseBackend;
  readonly namespace: string;
  readonly clock: Clock;
}
