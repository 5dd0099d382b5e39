import type { Clock } from "../clock/clock.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { Holder } from "../lease/lease.ts";

export interface GateOptions {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  /** Identity of this run, as other runs in the queue see it. */
  readonly holder: Holder;
  /** Prints one line per change of state. */
  readonly say: (line: string) => void;
  /** Number of copies that this run can use at the same time. @defaultValue all of the rig's */
  readonly maxCopies?: number;
  /** Name of the only copy that this run may use. @defaultValue any */
  readonly only?: string;
  /** Addresses that a person allowed Terraform to replace. A test run allows none. */
  readonly allow?: ReadonlySet<string>;
  /** Addresses of machines that a person asked to replace. @defaultValue none */
  readonly replace?: ReadonlySet<string>;
  /** Upgrades the packages of each copy before its machines are handed out. @defaultValue false */
  readonly refresh?: boolean;
  readonly clock?: Clock;
}
