import { quotePath } from "../../ssh/quote.ts";
import { query } from "../resources/query.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import type { LogReader } from "./log-options.ts";

/**
 * Reads the new part of a file. A file that became shorter was truncated or replaced: all of its
 * content is new.
 */
export function fileTail(context: ExecutionContext, path: string, fromNow: boolean): LogReader {
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
