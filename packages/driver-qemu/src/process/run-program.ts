export interface RunOptions {
  readonly timeoutMs?: number;
  /** `ignore` is for programs whose daemon would keep a pipe open. @defaultValue `pipe` */
  readonly output?: "pipe" | "ignore";
  /** Descriptor that the program inherits. */
  readonly keepOpen?: number | undefined;
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
  const { timeoutMs, output = "pipe", keepOpen, reject = true } = options;
  // The types of execa allow no variable here, but it passes on any descriptor.
  const inherited = keepOpen === undefined ? [] : [keepOpen as 3];
  const { execa } = await import("execa");
  const result = await execa(program, args, {
    stdio: ["ignore", output, output, ...inherited],
    reject,
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  });
  return result.stdout ?? "";
}
