import { quotePath } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { attempt } from "./attempt.ts";
import { below, compare, records } from "./entries.ts";
import { toGlobPattern } from "./glob-pattern.ts";

/**
 * Returns the matching paths, sorted. `find` walks the folders, and this side matches the names: a
 * pattern then means the same for every login shell, and no shell expands it.
 */
export async function glob(context: ExecutionContext, pattern: string): Promise<readonly string[]> {
  const { base, depth, matches } = await toGlobPattern(pattern);
  const folder = quotePath(base === "" ? "." : base);
  const deepest = depth === undefined ? "" : `-maxdepth ${depth} `;
  // Folders that may not be entered, and files that disappear meanwhile (a process in /proc), do
  // not match.
  const line = `find -H ${folder}/ -mindepth 1 ${deepest}-printf '%P\\0' 2>/dev/null; :`;
  const { stdout } = await attempt(context, { doing: "search for", path: pattern }, line);
  return records(stdout)
    .filter(matches)
    .map((path) => below(base, path))
    .sort(compare);
}
