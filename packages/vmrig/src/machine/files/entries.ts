import type { FileStat } from "./file-stat.ts";
import { quotePath } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { attempt } from "./attempt.ts";

export interface FileEntry {
  readonly name: string;
  /** Path of the folder joined with the name. */
  readonly path: string;
  readonly type: FileStat["type"];
}

/** `%y` of GNU find. */
export const FIND_TYPES: Readonly<Record<string, FileStat["type"]>> = {
  f: "file",
  d: "folder",
  l: "link",
  p: "fifo",
  s: "socket",
  b: "device",
  c: "device",
};

export async function entries(
  context: ExecutionContext,
  path: string,
): Promise<readonly FileEntry[]> {
  const folder = quotePath(path);
  // `find` on a file lists nothing and succeeds. With a trailing slash the system reports that the
  // path is not a folder.
  const line = `find -H ${folder}/ -mindepth 1 -maxdepth 1 -printf '%y%f\\0'`;
  const { stdout } = await attempt(context, { doing: "list", path }, line);
  return records(stdout)
    .map((entry) => ({
      name: entry.slice(1),
      path: below(path, entry.slice(1)),
      type: FIND_TYPES[entry.charAt(0)] ?? "file",
    }))
    .sort((one, other) => compare(one.name, other.name));
}

/**
 * Splits output in which every record ends with a NUL. Bytes that are not UTF-8 become U+FFFD, as
 * in Node.js.
 */
export function records(bytes: Buffer): string[] {
  return bytes.toString("utf8").split("\0").slice(0, -1);
}

export function below(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

/** Compares by code unit, so that the order does not depend on the locale. */
export function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
