/** Type of a command's output, derived from the options. */
export type OutputOf<Options> = Options extends { readonly buffer: false }
  ? undefined
  : Options extends { readonly encoding: "buffer" }
    ? Uint8Array
    : Options extends { readonly lines: true }
      ? string[]
      : string;

/** Result of a command. A {@link CommandError} has the same fields. Plain data. */
export interface CommandResult<Output = string> {
  /** `pc1` */
  readonly machine: string;
  readonly user: string;
  /** The shell line with its values quoted. */
  readonly command: string;
  /** Value of the option `cwd`. */
  readonly cwd?: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Present with the option `all`. */
  readonly all?: Output | undefined;
  /**
   * Missing when a signal ended the shell, or when the machine did not confirm that a stopped
   * command has ended.
   */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended the command, such as `SIGKILL`. */
  readonly signal: string | undefined;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isTerminated: boolean;
  readonly isMaxBuffer: boolean;
  /** Results or errors of the commands whose output was piped into this command. */
  readonly pipedFrom: ReadonlyArray<CommandResult<unknown>>;
}
