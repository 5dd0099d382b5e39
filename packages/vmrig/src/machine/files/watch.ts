import { isVmrigError } from "../../errors/vmrig-error.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { toWatch, type WaitOptions } from "../waits/wait-options.ts";
import { tolerant } from "../waits/tolerant.ts";

/**
 * Reads a file repeatedly until its text is as expected. A missing file is one possible
 * observation.
 */
export async function watchUntil(
  context: ExecutionContext,
  path: string,
  read: (signal: AbortSignal) => Promise<string>,
  predicate: (text: string) => boolean | Promise<boolean>,
  options: WaitOptions,
): Promise<string> {
  return waitFor<string>({
    ...toWatch({ context, clock: context.clock }, options),
    what: `the content of ${path}`,
    probe: tolerant(async (signal) => {
      const text = await read(signal).catch((error: unknown) => {
        if (isVmrigError(error) && error.code === "FILE_FAILED") return error;
        throw error;
      });
      if (typeof text !== "string") return { seen: text.summary.replace(/\.$/, "") };
      return (await predicate(text))
        ? { value: text }
        : { seen: `${text.length} characters, which end with ${JSON.stringify(lastLine(text))}` };
    }),
  });
}

function lastLine(text: string): string {
  return (text.trimEnd().split("\n").at(-1) ?? "").slice(-200);
}
