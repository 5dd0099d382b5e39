import type { GateOptions } from "../../gate/gate-options.ts";

export interface SweepOptions extends Pick<GateOptions, "rig" | "folders" | "holder" | "say"> {
  /** Owners in the account whose states are gone, as a person said. @defaultValue none */
  readonly owners?: ReadonlySet<string>;
  readonly signal: AbortSignal;
}
