export interface RunOptions {
  readonly timeoutMs?: number;
  /** `ignore` is for programs whose daemon would keep a pipe open. @defaultValue `pipe` */
  readonly output?: "pipe" | "ignore";
  /** @defaultValue true */
  readonly reject?: boolean;
}

/**
 * Runs a program to its end; an error includes its output. Loads execa on first use: a warm run
 * starts no program, and loading execa takes longer than the whole check.
 *
 * @returns the program's standard output
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
