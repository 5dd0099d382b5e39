export interface RunOptions {
  readonly timeoutMs?: number;
  /** For programs whose daemon would keep a pipe open. @defaultValue `pipe` */
  readonly output?: "pipe" | "ignore";
  /** @defaultValue true */
  readonly reject?: boolean;
}

/**
 * Runs a program to its end; its error has what it printed. execa is loaded when it is first
 * needed: a warm run starts no program, and loading it takes longer than the whole check.
 *
 * @returns its standard output
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { timeoutMs, output = "pipe", reject = true } = options;
  const { execa } = await import("execa");
  const result = await execa(program, args, {
    stdin: "ignore",
    stdout: output,
    stderr: output,
    reject,
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  });
  return result.stdout ?? "";
}
