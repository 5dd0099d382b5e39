export interface ScriptRun {
  readonly args?: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs programs as root in a machine. */
export interface RootShell {
  /**
   * Runs a bash script, which arrives by stdin; `args` become `$1`….
   *
   * @returns the exit code, -1 without one, and the output
   * @throws VmrigError `MACHINE_UNREACHABLE` when the connection is lost
   */
  run(
    script: string,
    options: ScriptRun,
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
}
