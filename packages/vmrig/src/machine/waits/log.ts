import { VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { quotePath } from "../../ssh/quote.ts";
import { argument, query } from "../resources/query.ts";
import type { ExecutionContext } from "../command/run.ts";
import { toWatch, tolerant, type WaitOptions, type Watch } from "./wait-options.ts";

export interface LogWaitOptions extends WaitOptions {
  /** The systemd unit. Without `unit` and `file`, the whole journal is read. */
  readonly unit?: string | undefined;
  /** A log file instead of the journal. */
  readonly file?: string | undefined;
  /**
   * Lines that count: those after a time of the machine's clock (journal only), those from now on,
   * or all lines of this boot and of the file.
   *
   * @defaultValue the journal since the test began, the whole file
   */
  readonly since?: Date | "now" | "boot" | undefined;
}

/**
 * Returns the text written since the previous call, or `undefined` when the file does not exist.
 */
type Reader = (signal?: AbortSignal) => Promise<string | undefined>;

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
  if (file !== undefined && since instanceof Date) {
    throw new VmrigError("COMMAND_INVALID", {
      message: "Lines of a file have no time: a date in `since` is only valid for the journal.",
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

const CURSOR = /^-- cursor: (.*)$/m;

/**
 * Reads the journal as root: other users see only their own lines. After the first query, only new
 * lines are sent. Format of the cursor: journalctl(1), `--show-cursor`.
 */
function journal(
  { root, since: begun }: Watch,
  { unit, since = begun?.() ?? "boot" }: LogWaitOptions,
): Reader {
  const title = unit === undefined ? "the journal" : `the journal of ${unit}`;
  const of = unit === undefined ? "" : ` --unit=${argument(unit)}`;
  let from =
    since === "now"
      ? undefined
      : since === "boot"
        ? "--boot"
        : `--since=@${(since.getTime() / 1000).toFixed(3)}`;
  return async (signal) => {
    const after = from?.startsWith("--after-cursor=") === true;
    // Starts at the end of the whole journal: a unit without lines has no position to start after.
    const what = from === undefined ? " --lines=0" : `${of} ${from}`;
    const line = `journalctl --no-pager --quiet --output=cat --show-cursor${what}`;
    const { stdout, exitCode } = await query(root, line, {
      title,
      signal,
      answers: after ? [0, 1] : [0],
    });
    if (exitCode !== 0) {
      // The line at the cursor was only in memory, and was lost with the last boot.
      from = "--boot";
      return "";
    }
    const cursor = CURSOR.exec(stdout)?.[1];
    if (cursor !== undefined) from = `--after-cursor=${argument(cursor)}`;
    return stdout.replace(CURSOR, "");
  };
}

/**
 * Reads the new part of a file. A file that became shorter was truncated or replaced: all of its
 * content is new.
 */
function fileTail(context: ExecutionContext, path: string, fromNow: boolean): Reader {
  const target = quotePath(path);
  let offset = fromNow ? undefined : 0;
  return async (signal) => {
    // The final dot protects trailing newlines, which a shell would remove.
    const rest = 'tail -c +"$((o + 1))" <"$f" | head -c "$((s - o))"; echo .';
    const from = offset === undefined ? "o=$s" : `o=${offset}; [ "$s" -ge "$o" ] || o=0`;
    const line = `f=${target}; [ -e "$f" ] || exit 0; s=$(wc -c <"$f") || exit 1; echo "$s"; ${from}; ${rest}`;
    const { stdout } = await query(context, line, { title: path, signal });
    const end = stdout.indexOf("\n");
    offset = end < 0 ? 0 : Number(stdout.slice(0, end));
    return end < 0 ? undefined : stdout.slice(end + 1, -1);
  };
}
