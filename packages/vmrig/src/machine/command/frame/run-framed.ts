import type { CommandPromise } from "../command.ts";
import type { CommandOptions } from "../command-options.ts";
import type { CommandResult, OutputOf } from "../outcome/command-result.ts";
import { abridged } from "../outcome/in-words.ts";
import { Frame } from "./frame.ts";
import { printMarks } from "./framed-script.ts";
import { NotBegunError, neverBegun, outputsJoined } from "./not-begun.ts";

/** Part of a machine that runs programs. */
interface Programs {
  exec<const Options extends CommandOptions = object>(
    file: string,
    args?: readonly string[],
    options?: Options,
  ): CommandPromise<OutputOf<Options>>;
}

export interface FramedRun extends Pick<CommandOptions, "signal" | "timeout"> {
  readonly args?: readonly string[];
}

/**
 * Runs a script with `sh` through the `exec` of a machine. The output of startup files of the login
 * shell, at its start and at its end, is not part of the result. A failure of the script is.
 *
 * @throws NotBegunError when a startup file prevented the script from running
 */
export async function runFramed(
  machine: Programs,
  script: string,
  { args = [], ...options }: FramedRun = {},
): Promise<CommandResult> {
  const frame = new Frame();
  const end = `vmrig-end-${frame.id}`;
  const line = `trap "printf %s%s vmrig-end- ${frame.id}" EXIT; ${printMarks(frame)}${script}`;
  const result = await machine.exec(
    "sh",
    ["-c", line, ...(args.length > 0 ? ["sh", ...args] : [])],
    {
      ...options,
      reject: false,
      stripFinalNewline: false,
    },
  );
  const [before = "", stdout] = result.stdout.split(frame.mark);
  const stderr = result.stderr.split(frame.errorMark);
  const joined = before.includes(frame.errorMark);
  if (stdout !== undefined && !joined)
    return { ...result, stdout: stdout.split(end)[0] ?? "", stderr: stderr.at(-1) ?? "" };
  const { machine: name, exitCode, signal, isCanceled, timedOut } = result;
  if (isCanceled || timedOut || (exitCode !== 0 && /^sudo: /m.test(result.stderr))) return result;
  throw new NotBegunError(
    abridged(script),
    name,
    joined ? outputsJoined() : neverBegun({ exitCode, signal }, [before, result.stderr]),
  );
}
