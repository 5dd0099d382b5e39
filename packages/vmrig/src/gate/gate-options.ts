import type { Clock } from "../clock/clock.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { Holder } from "../lease/lease.ts";

export interface GateOptions {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  /** Who this run is, as others see it in line. */
  readonly holder: Holder;
  /** Gets one whole line per change of state. */
  readonly say: (line: string) => void;
  /** How many copies this run can use at once. @defaultValue all of the rig's */
  readonly maxCopies?: number;
  /** The one copy that will do, by name. @defaultValue any */
  readonly only?: string;
  /** Addresses that a person allowed to be replaced; a test run allows none. */
  readonly allow?: ReadonlySet<string>;
  readonly clock?: Clock;
}
