import { lstatSync, readdirSync, type Stats } from "node:fs";
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
  readonly facts: Stats;
}

export interface LocalTree {
  readonly root: Buffer;
  /** All entries, each folder before its content. */
  readonly entries: readonly LocalEntry[];
  readonly leftOut: readonly LeftOut[];
  /** Whether a folder contained an ignore file. */
  readonly hasIgnoreFile: boolean;
}

interface Walk {
  readonly root: Buffer;
  readonly takes: Selection | undefined;
  readonly ignoreFile: string | undefined;
  readonly readIgnoreFile: ReadIgnoreFile | undefined;
  readonly leftOut: LeftOut[];
  hasIgnoreFile: boolean;
}

/**
 * Lists everything in a folder that is to be copied. Symbolic links are not followed. For 5,000
 * files, the synchronous calls take 14 ms of processor time, and promises 60 to 100 ms.
 */
export async function listTree(
  folder: string,
  takes: Selection | undefined,
  ignoreFile: string | undefined,
  found: (entry: LocalEntry) => void,
): Promise<LocalTree> {
  const root = Buffer.from(folder);
  const readIgnoreFile = ignoreFile === undefined ? undefined : await ignoreFileReader();
  const leftOut: LeftOut[] = [];
  const walk: Walk = {
    root,
    takes,
    ignoreFile,
    readIgnoreFile,
    leftOut,
    hasIgnoreFile: false,
  };
  const entries: LocalEntry[] = [];
  const top = { path: "", name: Buffer.alloc(0), facts: lstatSync(root) };
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
  const names = orVanished(walk, folder.path, () => readdirSync(place, { encoding: "buffer" }));
  if (names === undefined) return;
  yield folder;
  const { ignoreFile } = walk;
  let rules = above;
  if (ignoreFile !== undefined && names.some((name) => name.toString() === ignoreFile)) {
    const prefix = folder.path === "" ? "" : `${folder.path}/`;
    const file = below(place, Buffer.from(ignoreFile));
    rules = orVanished(walk, `${prefix}${ignoreFile}`, () =>
      walk.readIgnoreFile?.(file, prefix, above),
    );
    walk.hasIgnoreFile = true;
  }
  for (const base of names) {
    const entry = take(walk, folder.path === "" ? base : below(folder.name, base), rules);
    if (entry?.facts.isDirectory() === true) yield* list(walk, entry, rules);
    else if (entry !== undefined) yield entry;
  }
}

/** Returns the entry if it is to be copied. */
function take(walk: Walk, name: Buffer, rules: IgnoreRules | undefined): LocalEntry | undefined {
  const path = name.toString();
  const facts = orVanished(walk, path, () => lstatSync(pathOf(walk.root, name)));
  if (facts === undefined) return undefined;
  const type = typeOf(facts);
  if (isIgnored(type === "folder" ? `${path}/` : path, rules)) return undefined;
  const { size: bytes, mode, mtimeMs } = facts;
  const takes = walk.takes?.({ path, type, mode: mode & 0o7777, bytes, modified: toDate(mtimeMs) });
  if (takes === false) return undefined;
  const why = UNCOPYABLE[type];
  if (why === undefined) return { path, name, facts };
  walk.leftOut.push({ path, why });
  return undefined;
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

export function pathOf(root: Buffer, name: Buffer): Buffer {
  return name.length === 0 ? root : below(root, name);
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from("/"), name]);
}

function typeOf(facts: Stats): FileStat["type"] {
  if (facts.isFile()) return "file";
  if (facts.isDirectory()) return "folder";
  if (facts.isSymbolicLink()) return "link";
  if (facts.isSocket()) return "socket";
  return facts.isFIFO() ? "fifo" : "device";
}
