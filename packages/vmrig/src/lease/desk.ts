import type { Clock } from "../clock/clock.ts";
import type { Connection } from "./connection.ts";
import type { TakeLock } from "./lock.ts";

/** What everything of one store works with. */
export interface Desk {
  readonly connection: Connection;
  readonly takeLock: TakeLock;
  readonly namespace: string;
  readonly clock: Clock;
}
