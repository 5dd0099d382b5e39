import type { GateOptions } from "../../gate/gate-options.ts";

export interface SweepOptions extends Pick<GateOptions, "rig" | "folders" | "holder" | "say"> {
  readonly signal: AbortSignal;
}
