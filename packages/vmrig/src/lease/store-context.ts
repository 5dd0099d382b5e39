import type { Clock } from "../clock/clock.ts";
import type { Ledger } from "./lease-backend.ts";

/** What everything of one store works with. */
export interface Desk {
  readonly ledger: Ledger;
  readonly namespace: string;
  readonly clock: Clock;
}
