import { describeThrown } from "../../../errors/thrown.ts";
import { isVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { verdict } from "../../command/outcome/outcome.ts";
import { Running } from "../../command/running.ts";
import { quotePath } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { TIDY, toFileError, toLine, type Task } from "../attempt.ts";
import { moveInto, stageLocally } from "./local-folder.ts";
import type { TransferOptions } from "./transfer-options.ts";
import { receive } from "./receive.ts";
import { fail } from "../staging.ts";

/**
 * Copies a file or folder of the machine to a path on this computer. The machine reads the file as
 * the user of the context.
 */
export async function download(
  context: ExecutionContext,
  remote: string,
  local: string,
  options: TransferOptions,
): Promise<void> {
  const task: Task = { doing: "download", path: remote };
  const here = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw isVmrigError(error) ? error : unwritable(local, error);
    }
  };
  await using staging = await here(stageLocally(local));
  const running = new Running(
    context,
    () => toLine(task, sending(remote, options.onProgress !== undefined)),
    {
      ...TIDY,
      signal: options.signal,
    },
  );
  const received = receive(running.outputs.passOn("stdout").stream, staging, options).catch(
    (error: unknown) => {
      running.stop({ why: "unread" });
      return { error };
    },
  );
  try {
    const outcome = await running.outcome;
    if (outcome.stop?.why !== "unread") verdict(outcome);
  } catch (error) {
    await received;
    // The local failure is then only a consequence.
    throw toFileError(context, task, error);
  }
  const copy = await received;
  if ("error" in copy) await here(Promise.reject(copy.error));
  else if (copy.path !== staging.target) await here(moveInto(copy.path, staging.target));
}

/**
 * Shell: prints one line that describes the data, then the data: the content, or an archive of the
 * folder.
 */
function sending(path: string, counted: boolean): string {
  const target = quotePath(path);
  const sum = `find ${target}/ -type f -printf '%s\\n' | { sum=0; while read -r size; do sum=$((sum + size)); done; echo "$sum"; }`;
  return [
    `facts=$(stat -L --printf='%a %.9Y %s' -- ${target}) || exit 1`,
    `if [ -d ${target} ]; then echo "folder 0 0 ${counted ? `$(${sum})` : "0"}"`,
    // tar exits with 1 when a file changed or disappeared while it was read.
    `tar -c -f - --format=posix --pax-option=delete=atime,delete=ctime -C ${target} . || [ $? -eq 1 ]`,
    `else [ -f ${target} ] || ${fail("it is neither a file nor a folder")}`,
    `echo "file $facts"; exec cat -- ${target}; fi`,
  ].join("; ");
}

function unwritable(path: string, error: unknown): VmrigError {
  return new VmrigError("FILE_FAILED", {
    message: `Cannot write ${path} on this computer: ${describeThrown(error)}.`,
    cause: error,
  });
}
