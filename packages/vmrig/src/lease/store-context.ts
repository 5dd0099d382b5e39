import type { Clock } from "../clock/clock.ts";
import type { LeaseBackend } from "./lease-backend.ts";

/** What everything of one store works with. */
export interface StoreContext {
  readonly backend: LeaseBackend;
  readonly namespace: string;
  readonly clock: Clock;
}
