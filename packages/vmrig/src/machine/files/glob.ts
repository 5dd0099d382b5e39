import { quotePath } from "../command/script.ts";
import type { ExecutionContext } from "../command/run.ts";
import { attempt } from "./attempt.ts";
import { below, compare, records } from "./entries.ts";
import { toGlobPattern } from "./glob-pattern.ts";

/**
 * The paths that match, sorted. `find` walks, and this side compares: a pattern then means the same
 * whatever shell the user has, and none of it is ever expanded by one.
 */
export async function glob(context: ExecutionContext, pattern: string): Promise<readonly string[]> {
  const { base, depth, matches } = toGlobPattern(pattern);
  const folder = quotePath(base === "" ? "." : base);
  const deepest = depth === undefined ? "" : `-maxdepth ${depth} `;
  // What may not be entered, or goes away meanwhile (a process in /proc), does not match.
  const line = `find -H ${folder}/ -mindepth 1 ${deepest}-printf '%P\\0' 2>/dev/null; :`;
  const { stdout } = await attempt(context, { doing: "look for", path: pattern }, line);
  return records(stdout)
    .filter(matches)
    .map((path) => below(base, path))
    .sort(compare);
}
