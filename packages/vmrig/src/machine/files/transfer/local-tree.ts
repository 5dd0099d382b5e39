import { type Dirent, lstatSync, readdirSync, type Stats } from "node:fs";
import { toDate } from "../../../clock/real-time.ts";
import { describeThrown } from "../../../errors/thrown.ts";
import { inTurns } from "../../command/event-loop.ts";
import type { FileStat } from "../file-stat.ts";
import {
  ignoreFileReader,
  isIgnored,
  type IgnoreRules,
  type ReadIgnoreFile,
} from "./ignore-files.ts";
import { type LeftOut, UNCOPYABLE, VANISHED } from "./result.ts";
import type { Selection } from "./selection.ts";
import { unreadable } from "./unreadable.ts";

/** A file or folder of this computer that is copied. */
export interface LocalEntry {
  /** Path below the copied folder; empty for that folder. */
  readonly path: string;
  /** The same path as bytes: a name may not be UTF-8. */
  readonly name: Buffer;
  readonly type: FileStat["type"];
  /** Metadata, if the list needed it. */
  readonly facts: Stats | undefined;
}

export interface LocalTree {
  readonly root: Buffer;
  /** All entries, each folder before its content. */
  readonly entries: readonly LocalEntry[];
  readonly leftOut: readonly LeftOut[];
  /** Whether a folder contained an ignore file. */
  readonly hasIgnoreFile: boolean;
}

export interface ListOptions {
  /** Needs `withFacts`. */
  readonly takes: Selection | undefined;
  readonly ignoreFile: string | undefined;
  /** Whether the entries have metadata. */
  readonly withFacts: boolean;
}

interface Walk extends ListOptions {
  readonly root: Buffer;
  readonly readIgnoreFile: ReadIgnoreFile | undefined;
  readonly leftOut: LeftOut[];
  hasIgnoreFile: boolean;
}

/**
 * Lists everything in a folder that is to be copied. Symbolic links are not followed. For 5,000
 * files, the synchronous calls take 5 ms of processor time, 19 ms with metadata, and promises 60 to
 * 100 ms.
 */
export async function listTree(
  folder: string,
  options: ListOptions,
  found: (entry: LocalEntry) => void,
): Promise<LocalTree> {
  const { ignoreFile } = options;
  const root = Buffer.from(folder);
  const readIgnoreFile = ignoreFile === undefined ? undefined : await ignoreFileReader();
  const leftOut: LeftOut[] = [];
  const walk: Walk = { ...options, root, readIgnoreFile, leftOut, hasIgnoreFile: false };
  const entries: LocalEntry[] = [];
  const top = { path: "", name: Buffer.alloc(0), type: "folder", facts: lstatSync(root) } as const;
  await inTurns(list(walk, top, undefined), (entry) => {
    entries.push(entry);
    found(entry);
  });
  return { root, entries, leftOut, hasIgnoreFile: walk.hasIgnoreFile };
}

function* list(
  walk: Walk,
  folder: LocalEntry,
  above: IgnoreRules | undefined,
): Generator<LocalEntry, void, undefined> {
  const place = pathOf(walk.root, folder.name);
  const content = orVanished(walk, folder.path, () =>
    readdirSync(place, { encoding: "buffer", withFileTypes: true }),
  );
  if (content === undefined) return;
  yield folder;
  const { ignoreFile } = walk;
  let rules = above;
  const isIgnoreFile = (each: Dirent<Buffer>): boolean =>
    (each.isFile() || each.isSymbolicLink()) && each.name.toString() === ignoreFile;
  if (ignoreFile !== undefined && content.some(isIgnoreFile)) {
    const prefix = folder.path === "" ? "" : `${folder.path}/`;
    const file = below(place, Buffer.from(ignoreFile));
    rules = orVanished(walk, `${prefix}${ignoreFile}`, () =>
      walk.readIgnoreFile?.(file, prefix, above),
    );
    walk.hasIgnoreFile = true;
  }
  for (const each of content) {
    const entry = take(walk, folder, each, rules);
    if (entry?.type === "folder") yield* list(walk, entry, rules);
    else if (entry !== undefined) yield entry;
  }
}

/** Returns the entry if it is to be copied. */
function take(
  walk: Walk,
  folder: LocalEntry,
  each: Dirent<Buffer>,
  rules: IgnoreRules | undefined,
): LocalEntry | undefined {
  const name = folder.path === "" ? each.name : below(folder.name, each.name);
  const path = name.toString();
  let facts: Stats | undefined;
  if (walk.withFacts) {
    facts = orVanished(walk, path, () => lstatSync(pathOf(walk.root, name)));
    if (facts === undefined) return undefined;
  }
  const type = typeOf(facts ?? each);
  if (rules !== undefined && isIgnored(type === "folder" ? `${path}/` : path, rules))
    return undefined;
  if (walk.takes !== undefined && facts !== undefined) {
    const { size: bytes, mode, mtimeMs } = facts;
    const entry = { path, type, mode: mode & 0o7777, bytes, modified: toDate(mtimeMs) };
    if (!walk.takes(entry)) return undefined;
  }
  const why = UNCOPYABLE[type];
  if (why === undefined) return { path, name, type, facts };
  walk.leftOut.push({ path, why });
  return undefined;
}

/** Returns the metadata of the entries that still exist. */
export async function factsOf(root: Buffer, entries: readonly LocalEntry[]): Promise<Stats[]> {
  const found: Stats[] = [];
  await inTurns(entries, ({ name, facts }) => {
    const path = pathOf(root, name);
    try {
      found.push(facts ?? lstatSync(path));
    } catch (error) {
      if (!isGone(error)) throw unreadable(path.toString(), describeThrown(error), error);
    }
  });
  return found;
}

function orVanished<T>(walk: Walk, path: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path === "")
      throw unreadable(walk.root.toString(), describeThrown(error), error);
    walk.leftOut.push({ path, why: VANISHED });
    return undefined;
  }
}

/** Whether a file, or a folder of its path, is missing. */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

export function pathOf(root: Buffer, name: Buffer): Buffer {
  return name.length === 0 ? root : below(root, name);
}

const SLASH = Buffer.from("/");

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, SLASH, name]);
}

export function typeOf(facts: Stats | Dirent<Buffer>): FileStat["type"] {
  if (facts.isFile()) return "file";
  if (facts.isDirectory()) return "folder";
  if (facts.isSymbolicLink()) return "link";
  if (facts.isSocket()) return "socket";
  return facts.isFIFO() ? "fifo" : "device";
}
