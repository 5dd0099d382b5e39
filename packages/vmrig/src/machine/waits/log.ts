import { isDate } from "node:util/types";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { toWatch, type Watch } from "./wait-options.ts";
import { tolerant } from "./tolerant.ts";
import type { LogWaitOptions } from "./log-options.ts";
import { journal } from "./journal.ts";
import { fileTail } from "./file-tail.ts";

/**
 * Waits for a line of a log.
 *
 * @returns the first line that contains the text or matches the pattern
 */
export async function waitForLog(
  watch: Watch,
  pattern: string | RegExp,
  options: LogWaitOptions,
): Promise<string> {
  const { unit, file, since } = options;
  if (unit !== undefined && file !== undefined) {
    throw new VmrigError("COMMAND_INVALID", {
      message: "waitForLog() accepts `unit` or `file`, not both.",
    });
  }
  if (file !== undefined && isDate(since)) {
    throw new VmrigError("COMMAND_INVALID", {
      message: "A date in `since` works only for the journal: files have no timestamps.",
      hint: 'write since: "now"',
    });
  }
  const take =
    file === undefined ? journal(watch, options) : fileTail(watch.context, file, since === "now");
  const regexp =
    typeof pattern === "string"
      ? undefined
      : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  let last: string | undefined;
  let rest = "";
  return waitFor<string>({
    ...toWatch(watch, options),
    what: `${regexp === undefined ? JSON.stringify(pattern) : String(pattern)} in ${file ?? (unit === undefined ? "the journal" : `the journal of ${unit}`)}`,
    probe: tolerant(async (signal): Promise<Observation<string>> => {
      const fresh = await take(signal);
      const lines = `${rest}${fresh ?? ""}`.split("\n");
      // The last part may be an incomplete line. It still counts when it matches: a prompt has no
      // newline.
      rest = lines.at(-1) ?? "";
      const found = lines.find((line) =>
        regexp === undefined ? line.includes(String(pattern)) : regexp.test(line),
      );
      if (found !== undefined) return { value: found };
      last = lines.findLast((line) => line.trim() !== "") ?? last;
      if (last !== undefined)
        return { seen: `its last line is ${JSON.stringify(last.slice(0, 200))}` };
      return {
        seen:
          fresh === undefined
            ? `no such file, or ${watch.context.user} may not see it`
            : "no line was written",
      };
    }),
  });
}
