import { quoteWord } from "../../ssh/quote.ts";
import { query } from "../resources/query.ts";
import type { Watch } from "./wait-options.ts";
import type { LogWaitOptions, LogReader } from "./log-options.ts";

const CURSOR = /^-- cursor: (.*)$/m;

/**
 * Reads the journal as root: other users see only their own lines. After the first query, only new
 * lines are sent. Format of the cursor: journalctl(1), `--show-cursor`.
 */
export function journal(
  { root, since: begun }: Watch,
  { unit, since = begun?.() ?? "boot" }: LogWaitOptions,
): LogReader {
  const title = unit === undefined ? "the journal" : `the journal of ${unit}`;
  const of = unit === undefined ? "" : ` --unit=${quoteWord(unit)}`;
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
    if (cursor !== undefined) from = `--after-cursor=${quoteWord(cursor)}`;
    return stdout.replace(CURSOR, "");
  };
}
