import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { toDate } from "../../../clock/real-time.ts";
import { describeThrown } from "../../../errors/thrown.ts";
import type { FileStat } from "../file-stat.ts";
import { isIgnored, readIgnoreFile, type IgnoreRules } from "./ignore-files.ts";
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
  readonly takes: Selection;
  readonly ignoreFile: string | undefined;
  readonly leftOut: LeftOut[];
  hasIgnoreFile: boolean;
}

/** Lists everything in a folder that is to be copied. Symbolic links are not followed. */
export async function listTree(
  folder: string,
  takes: Selection,
  ignoreFile: string | undefined,
): Promise<LocalTree> {
  const root = Buffer.from(folder);
  const walk: Walk = { root, takes, ignoreFile, leftOut: [], hasIgnoreFile: false };
  const top = { path: "", name: Buffer.alloc(0), facts: await lstat(root) };
  const entries = await list(walk, top, undefined);
  return { root, entries, leftOut: walk.leftOut, hasIgnoreFile: walk.hasIgnoreFile };
}

async function list(
  walk: Walk,
  folder: LocalEntry,
  above: IgnoreRules | undefined,
): Promise<LocalEntry[]> {
  const names = await orVanished(
    walk,
    folder.path,
    readdir(pathOf(walk.root, folder.name), { encoding: "buffer" }),
  );
  if (names === undefined) return [];
  let rules = above;
  if (walk.ignoreFile !== undefined && names.some((name) => name.toString() === walk.ignoreFile)) {
    const file = below(pathOf(walk.root, folder.name), Buffer.from(walk.ignoreFile));
    rules = await readIgnoreFile(file, folder.path === "" ? "" : `${folder.path}/`, above);
    walk.hasIgnoreFile = true;
  }
  const found = await Promise.all(names.map((name) => take(walk, folder, name, rules)));
  return [folder, ...found.flat()];
}

async function take(
  walk: Walk,
  folder: LocalEntry,
  base: Buffer,
  rules: IgnoreRules | undefined,
): Promise<LocalEntry[]> {
  const name = folder.path === "" ? base : below(folder.name, base);
  const path = name.toString();
  const facts = await orVanished(walk, path, lstat(pathOf(walk.root, name)));
  if (facts === undefined) return [];
  const type = typeOf(facts);
  if (isIgnored(type === "folder" ? `${path}/` : path, rules)) return [];
  const { size: bytes, mode, mtimeMs } = facts;
  if (!walk.takes({ path, type, mode: mode & 0o7777, bytes, modified: toDate(mtimeMs) })) return [];
  const why = UNCOPYABLE[type];
  if (why !== undefined) {
    walk.leftOut.push({ path, why });
    return [];
  }
  const entry = { path, name, facts };
  return facts.isDirectory() ? list(walk, entry, rules) : [entry];
}

async function orVanished<T>(walk: Walk, path: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
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
