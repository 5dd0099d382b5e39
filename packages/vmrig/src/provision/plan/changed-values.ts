import type { Change } from "./plan.ts";

export interface ChangedValue {
  /** `memory_mb`, `network.0.ip` */
  readonly name: string;
  /** For people: truncated JSON; `(sensitive)`, `(known after apply)` or `nothing`. */
  readonly before: string;
  readonly after: string;
}

type Path = ReadonlyArray<string | number>;
const LONGEST = 80;

/** Lists what differs at and below the given paths of a planned change. */
export function changedValues(change: Change, paths: readonly Path[]): ChangedValue[] {
  const found: ChangedValue[] = [];
  const compare = (path: Path): void => {
    const [before, after] = [at(change.before, path), at(change.after, path)];
    if (JSON.stringify(before) === JSON.stringify(after) && at(change.after_unknown, path) !== true)
      return;
    if (isObject(before) && isObject(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
        compare([...path, key]);
      return;
    }
    found.push({
      name: nameOf(path),
      before: at(change.before_sensitive, path) === true ? "(sensitive)" : shown(before),
      after:
        at(change.after_sensitive, path) === true
          ? "(sensitive)"
          : at(change.after_unknown, path) === true
            ? "(known after apply)"
            : shown(after),
    });
  };
  for (const path of paths) compare(path);
  return found;
}

/** Looks up a path. In the sensitivity and unknown trees, `true` applies to everything below. */
function at(tree: unknown, path: Path): unknown {
  let here = tree;
  for (const key of path) {
    if (here === true) return true;
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string | number, unknown>)[key];
  }
  return here;
}

/**
 * Omits `triggers_replace`, which is internal to vmrig's stacks; the user knows only the names
 * inside.
 */
function nameOf(path: Path): string {
  return path.slice(path[0] === "triggers_replace" && path.length > 1 ? 1 : 0).join(".");
}

function shown(value: unknown): string {
  const text = value === undefined || value === null ? "nothing" : JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
