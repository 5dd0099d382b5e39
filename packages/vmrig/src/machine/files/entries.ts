import type { FileStat } from "./file-stat.ts";
import { quotePath } from "../command/script.ts";
import type { ExecutionContext } from "../command/run.ts";
import { attempt } from "./attempt.ts";

export interface FileEntry {
  readonly name: string;
  /** That of the folder, and the name. */
  readonly path: string;
  readonly type: FileStat["type"];
}

/** `%y` of GNU find. */
const TYPES: Readonly<Record<string, FileStat["type"]>> = {
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
  // `find` of a file lists nothing, and is content; with a slash behind it the system says what it
  // is.
  const line = `find -H ${folder}/ -mindepth 1 -maxdepth 1 -printf '%y%f\\0'`;
  const { stdout } = await attempt(context, { doing: "list", path }, line);
  return records(stdout)
    .map((entry) => ({
      name: entry.slice(1),
      path: below(path, entry.slice(1)),
      type: TYPES[entry.charAt(0)] ?? "file",
    }))
    .sort((one, other) => compare(one.name, other.name));
}

/** What was printed with a NUL after each. Bytes that are no UTF-8 become U+FFFD, as in Node.js. */
export function records(bytes: Buffer): string[] {
  return bytes.toString("utf8").split("\0").slice(0, -1);
}

export function below(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

/** By code unit: the same on every computer. */
export function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
