import { lstatSync, type Stats } from "node:fs";
import { describeThrown } from "../../../errors/thrown.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { releaseBuffer } from "../../../ssh/ssh2-patches/release-buffer.ts";
import { inTurns } from "../../command/event-loop.ts";
import { isHole } from "./local-file.ts";
import { isGnu, pack, type Packing } from "./local-tar.ts";
import { unreadable } from "./unreadable.ts";
import type { ContentMeter } from "./tar-header.ts";
import { isGone, type LocalEntry, type LocalTree, pathOf, typeOf } from "./local-tree.ts";

/**
 * Yields an archive, and, if files changed meanwhile, a second archive with these files only.
 * Returns the entries that vanished: a part of them may be in the archive.
 *
 * @throws VmrigError `FILE_FAILED` if a file changes again
 */
export async function* sendTree(
  source: string,
  archive: Packing,
  listing: Promise<LocalTree>,
  meter: ContentMeter,
): AsyncGenerator<Buffer, readonly LocalEntry[], undefined> {
  const said = yield* chunksOf(archive, source);
  const { root, entries } = await listing;
  const first = await compare(root, entries, said);
  const lost = meter.holes > 0 ? await withData(root, entries) : [];
  const changed = new Set(first.changed.map(({ path }) => path));
  const repeated = [...first.changed, ...lost.filter(({ path }) => !changed.has(path))];
  if (repeated.length === 0) return first.vanished;
  const again = await pack(source, { sparse: lost.length === 0 });
  for (const { name } of repeated) again.add(name);
  again.end();
  const second = await compare(root, repeated, yield* chunksOf(again, source));
  if (second.changed.length > 0)
    throw new VmrigError("FILE_FAILED", {
      message: `Cannot upload ${source}: ${some(second.changed, source)} changed twice while it was read.`,
      hint: "stop the program that writes to it, or use the option `exclude`",
    });
  return [...first.vanished, ...second.vanished];
}

/**
 * Returns the files that contain data, but use no block according to their metadata. GNU tar takes
 * them for one hole. The files of sysfs, and those of some FUSE file systems, are like this.
 */
async function withData(root: Buffer, entries: readonly LocalEntry[]): Promise<LocalEntry[]> {
  const found: LocalEntry[] = [];
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    const path = pathOf(root, entry.name);
    const facts = entry.facts ?? lstatSync(path, { throwIfNoEntry: false });
    if (facts?.blocks === 0 && facts.size > 0 && !(await isHole(path, facts.size)))
      found.push(entry);
  }
  return found;
}

/** Names of files that `tar` did not find, or that changed, as bytes in Latin-1. */
type Said = ReadonlySet<string>;

/** Yields an archive, and returns the names that `tar` reported. */
async function* chunksOf(
  archive: Packing,
  source: string,
): AsyncGenerator<Buffer, Said, undefined> {
  try {
    for await (const chunk of archive.output as AsyncIterable<Buffer>) {
      yield chunk;
      releaseBuffer(chunk);
    }
    const { missing, changed } = await archive.done;
    // `./folder/name`.
    const prefix = 3 + Buffer.byteLength(source.slice(source.lastIndexOf("/") + 1));
    return new Set([...missing, ...changed].map((name) => name.slice(prefix)));
  } finally {
    archive.kill();
  }
}

interface Comparison {
  readonly vanished: readonly LocalEntry[];
  /** With their present metadata. */
  readonly changed: readonly LocalEntry[];
}

async function compare(
  root: Buffer,
  entries: readonly LocalEntry[],
  said: Said,
): Promise<Comparison> {
  const vanished: LocalEntry[] = [];
  const changed: LocalEntry[] = [];
  // GNU tar notices every change during its reading, bsdtar none.
  const suspects = !(await isGnu())
    ? entries
    : said.size === 0
      ? []
      : entries.filter(({ name, type }) => type === "folder" || said.has(name.toString("latin1")));
  const linked = new Set<string>();
  await inTurns(suspects, (entry) => {
    const now = stillThere(root, entry);
    if (now === undefined) vanished.push(entry);
    else if (hasChanged(entry, now) || said.has(entry.name.toString("latin1"))) {
      changed.push({ ...entry, facts: now });
      if (now.nlink > 1) linked.add(inodeOf(now));
    }
  });
  if (linked.size === 0) return { vanished, changed };
  // The archive contains the content of a file for the first of its hard links only.
  const known = new Set([...changed, ...vanished].map(({ path }) => path));
  await inTurns(entries, (entry) => {
    if (entry.type !== "file" || known.has(entry.path)) return;
    const now = stillThere(root, entry);
    if (now !== undefined && linked.has(inodeOf(now))) changed.push({ ...entry, facts: now });
  });
  return { vanished, changed };
}

function inodeOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function stillThere(root: Buffer, { name, type }: LocalEntry): Stats | undefined {
  const path = pathOf(root, name);
  try {
    const now = lstatSync(path);
    if (typeOf(now) === type) return now;
  } catch (error) {
    if (isGone(error) && name.length > 0) return undefined;
    throw unreadable(path.toString(), describeThrown(error), error);
  }
  throw unreadable(path.toString(), "it was replaced by another type of file");
}

/** The time of a folder changes with its entries, which are compared themselves. */
function hasChanged({ facts: was }: LocalEntry, now: Stats): boolean {
  if (was === undefined || now.isDirectory()) return false;
  return now.ino !== was.ino || now.size !== was.size || now.mtimeMs !== was.mtimeMs;
}

function some(entries: readonly LocalEntry[], source: string): string {
  const names = entries.slice(0, 3).map(({ path }) => (path === "" ? source : path));
  return entries.length > 3
    ? `${names.join(", ")} and ${entries.length - 3} more`
    : names.join(", ");
}
