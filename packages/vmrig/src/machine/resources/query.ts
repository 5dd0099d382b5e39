import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandResult } from "../command/outcome/command-result.ts";
import { factsOf, isNotBegun } from "../command/frame/not-begun.ts";
import { run } from "../command/run.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

/** Makes the queried programs answer in English, without pager and colours. */
const PLAIN = "LC_ALL=C; PAGER=cat; SYSTEMD_COLORS=0; export LC_ALL PAGER SYSTEMD_COLORS; ";

export interface QueryOptions {
  /** Description for error messages. */
  readonly title: string;
  readonly signal?: AbortSignal | undefined;
  /** Exit codes of a successful query. @defaultValue only 0 */
  readonly answers?: readonly number[];
}

/**
 * Runs a query: a line that only reads.
 *
 * @throws VmrigError `INSPECTION_FAILED` with the machine's message when the query fails
 */
export async function query(
  context: ExecutionContext,
  line: string,
  { title, signal, answers = [0] }: QueryOptions,
): Promise<CommandResult> {
  const result = await run(
    context,
    { line: `${PLAIN}${line}`, command: line, look: `query ${title}` },
    { reject: false, signal },
  ).catch((error: unknown) => {
    if (!isNotBegun(error)) throw error;
    throw new VmrigError("INSPECTION_FAILED", {
      message: cannotRead(context, title, error.reason),
      ...factsOf(error),
      cause: error,
    });
  });
  if (result.exitCode !== undefined && answers.includes(result.exitCode)) return result;
  signal?.throwIfAborted();
  throw inspectionFailed(context, title, result);
}

function cannotRead({ name, user }: ExecutionContext, title: string, why: string): string {
  return `Cannot read ${title} on ${name} as ${user}: ${why}.`;
}

function inspectionFailed(
  context: ExecutionContext,
  title: string,
  { exitCode, signal, stderr, stdout }: CommandResult,
): VmrigError {
  const output = (stderr || stdout).trim();
  // A shell exits with 127 when it does not find the program.
  const missing = exitCode === 127 ? /(\S+): (?:command )?not found/.exec(output)?.[1] : undefined;
  const why = output.split("\n").at(-1)?.replace(/\.$/, "") || (signal ?? `exit code ${exitCode}`);
  return new VmrigError("INSPECTION_FAILED", {
    message: cannotRead(context, title, missing === undefined ? why : `it has no ${missing}`),
    details: output.includes("\n") ? output.split("\n").slice(-5) : [],
    ...(missing === undefined
      ? {}
      : { hint: `install the package that provides ${missing}, or use a command instead` }),
  });
}
