import { VmrigError } from "../errors/vmrig-error.ts";
import type { CommandResult } from "../machine/command/outcome/command-result.ts";
import { isCommandError } from "../machine/command/outcome/error.ts";
import { resultInWords } from "../machine/waits/until.ts";
import { checkValue, checkText, type ExpectedText, type Check } from "./check.ts";
import { matcher, matcherOf, type CheckContext } from "./matcher.ts";
import { nameOf, type Subject } from "./subject.ts";

type CommandSubject = Extract<Subject, { readonly kind: "command" | "result" }>;

const about = ["command", "result"] as const;

export const commandChecks = {
  toSucceed: matcher({
    about,
    words: "to succeed",
    look: (subject, _, context) =>
      lookAtResult(subject, context, (result) => checkValue(!result.failed, resultInWords(result))),
  }),
  toExitWith: matcherOf<number>()({
    about,
    words: "to exit with",
    look: (subject, expected, context) =>
      lookAtResult(subject, context, (result) =>
        checkValue(result.exitCode === expected, resultInWords(result), {
          actual: result.exitCode ?? result.signal,
          expected,
        }),
      ),
  }),
  toPrint: matcherOf<ExpectedText>()({
    about,
    words: "to print",
    look: (subject, expected, context) =>
      lookAtResult(subject, context, ({ stdout }) => checkText(stdout, expected, context.equals)),
  }),
};

/**
 * Checks the result of a command. An interrupted command has not failed, and its full output is
 * unknown.
 */
async function lookAtResult(
  subject: CommandSubject,
  { signal }: CheckContext,
  judge: (result: CommandResult) => Check,
): Promise<Check> {
  const result = subject.kind === "result" ? subject.of : await runOnce(subject.of, signal);
  const name = nameOf({ kind: "result", of: result });
  if (result.isCanceled || result.timedOut) {
    return {
      unknown: result.timedOut
        ? `it ran into its own timeout after ${(result.durationMs / 1000).toFixed(1)} s`
        : "it was still running",
    };
  }
  return { ...judge(result), name };
}

async function runOnce(
  command: Extract<Subject, { readonly kind: "command" }>["of"],
  signal: AbortSignal,
): Promise<CommandResult> {
  const result: unknown = await Promise.resolve(command({ signal })).catch((error: unknown) => {
    if (isCommandError(error)) return error;
    throw error;
  });
  if (typeof result === "object" && result !== null && "exitCode" in result && "stdout" in result)
    return result as CommandResult;
  throw new VmrigError("MATCHER_MISUSED", {
    message: "The function passed to expect() did not return the result of a command.",
    hint: "return the command: expect(() => pc1.$`…`), without braces",
  });
}
