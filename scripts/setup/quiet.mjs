import { captureChild } from "../child.mjs";
import { SetupError } from "./setup-error.mjs";

const LAST_LINES = 20;

/**
 * Runs a program and prints its output only when the program fails.
 *
 * @param {string} what names the step in the error: `pnpm install`
 * @param {readonly string[]} commandLine
 * @param {import("../child.mjs").ChildOptions} [options]
 * @throws {SetupError} with the end of the output and the exit code
 */
export async function quietly(what, [command = "", ...args], options) {
  const { code, output } = await captureChild(command, args, options);
  if (code === 0) return;
  throw new SetupError(
    `${what} failed with exit code ${code}.`,
    output.trimEnd().split("\n").slice(-LAST_LINES),
    code,
  );
}
