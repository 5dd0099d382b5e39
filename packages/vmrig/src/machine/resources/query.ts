import { VmrigError } from "../../errors/vmrig-error.ts";
import { quoteWord } from "../../ssh/quote.ts";
import type { CommandResult } from "../command/command.ts";
import { run, type ExecutionContext } from "../command/run.ts";
import { AS_POSIX } from "../command/script.ts";

/**
 * Something of a machine that a test looks at: a service, a package, a port. Looking changes
 * nothing; each read is one round trip.
 */
export interface QueryTarget<Kind extends string> {
  readonly kind: Kind;
  /** Whose it is: `pc1`. */
  readonly machine: string;
  /** Who looks. */
  readonly user: string;
  /** In words, as errors name it: `service nginx.service`. */
  readonly title: string;
}

/** The programs that are asked are to answer in English, and not to page or colour. */
const PLAIN = `${AS_POSIX}LC_ALL=C; PAGER=cat; SYSTEMD_COLORS=0; export LC_ALL PAGER SYSTEMD_COLORS; `;

export interface QueryOptions {
  /** As errors name it. */
  readonly title: string;
  readonly signal?: AbortSignal | undefined;
  /** Exit codes that are answers. @defaultValue only 0 */
  readonly answers?: readonly number[];
}

/**
 * Runs a line that only reads.
 *
 * @throws VmrigError `INSPECTION_FAILED` with what the machine says, when it cannot answer
 */
export async function query(
  context: ExecutionContext,
  line: string,
  { title, signal, answers = [0] }: QueryOptions,
): Promise<CommandResult> {
  const result = await run(
    context,
    { line: `${PLAIN}${line}`, command: line, look: `look at ${title}` },
    { reject: false, signal },
  );
  if (result.exitCode !== undefined && answers.includes(result.exitCode)) return result;
  signal?.throwIfAborted();
  throw inspectionFailed(context, title, result);
}

function inspectionFailed(
  context: ExecutionContext,
  title: string,
  { exitCode, signal, stderr, stdout }: CommandResult,
): VmrigError {
  const said = (stderr || stdout).trim();
  // 127 is the shell's word for a program that it does not find.
  const missing = exitCode === 127 ? /(\S+): (?:command )?not found/.exec(said)?.[1] : undefined;
  const why = said.split("\n").at(-1)?.replace(/\.$/, "") || (signal ?? `exit code ${exitCode}`);
  return new VmrigError("INSPECTION_FAILED", {
    message: `Cannot read ${title} on ${context.name} as ${context.user}: ${missing === undefined ? why : `it has no ${missing}`}.`,
    details: said.includes("\n") ? said.split("\n").slice(-5) : [],
    ...(missing === undefined
      ? {}
      : { hint: `install what brings ${missing}, or look with a command of your own` }),
  });
}

/** What a name must be to stand as an argument of a program that has options. */
export function argument(name: string): string {
  return quoteWord(name);
}
