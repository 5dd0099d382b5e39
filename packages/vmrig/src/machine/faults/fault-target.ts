import type { CommandPromise } from "../command/command.ts";
import type { OutputOf } from "../command/outcome/command-result.ts";
import type { CommandOptions } from "../command/command-options.ts";

/** Parts of a machine that a fault needs. Every `Machine` has them. */
export interface FaultTarget {
  readonly name: string;
  /** Address on the rig's network. */
  readonly address: string;
  readonly root: {
    exec<const Options extends CommandOptions = object>(
      file: string,
      args?: readonly string[],
      options?: Options,
    ): CommandPromise<OutputOf<Options>>;
  };
}
