/** Runs a program as root in a machine. */
export interface RootShell {
  /**
   * Runs a bash script that arrives by stdin. `args` become `$1`, `$2` and so on. The
   * output is bounded, to no less than 1 MiB.
   *
   * @throws VmrigError `MACHINE_UNREACHABLE` or `CONNECTION_LOST` when the connection is lost; the signal's reason
   */
  run(script: string, options: ShellOptions): Promise<ShellResult>;
}

export interface ShellOptions {
  readonly args?: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ShellResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
