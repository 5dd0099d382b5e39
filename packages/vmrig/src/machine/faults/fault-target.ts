import type { CommandOptions, CommandPromise, OutputOf } from "../command/command.ts";

/** What a fault needs of a machine: every `Machine` is one. */
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
