import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import { quote } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { attempt, type Task } from "../attempt.ts";
import { fail, staging } from "../staging.ts";
import { checkFreeSpace, UNCHECKED_BYTES } from "./free-space.ts";
import { checkIgnoreFile } from "./ignore-files.ts";
import { listTree, type LocalEntry, type LocalTree } from "./local-tree.ts";
import { MERGE } from "./merge.ts";
import { settingModes } from "./modes.ts";
import { type LeftOut, topmost, type TransferResult, VANISHED } from "./result.ts";
import { toSelection } from "./selection.ts";
import { sendTree } from "./send-tree.ts";
import { contentMeter, oneFile } from "./tar-header.ts";
import type { UploadOptions } from "./transfer-options.ts";
import { unreadable } from "./unreadable.ts";

/** Copies a folder as an archive. */
export async function uploadFolder(
  context: ExecutionContext,
  task: Task,
  source: string,
  options: UploadOptions,
): Promise<TransferResult> {
  // The machine prepares meanwhile.
  const listing = list(source, options);
  listing.catch(() => {});
  const mark = `.vmrig-${randomUUID()}`;
  let result: TransferResult | undefined;
  async function* content(): AsyncGenerator<Buffer, void, undefined> {
    const tree = await listing;
    const total = sizeOf(tree.entries);
    const space = checkFreeSpace(context, task, storedSizeOf(tree.entries));
    space.catch(() => {});
    const gone = yield* metered(sendTree(source, tree), space, total, options);
    result = toResult(tree, gone);
    // The machine's `tar` accepts an end of input between entries as a regular end. So a last
    // archive marks the others as complete.
    yield oneFile(`${mark}.gone`, namesOf(gone, basename(source)));
    yield oneFile(mark, Buffer.from(result.leftOut.map(toLine).join("")));
    options.onProgress?.({ bytes: total, total });
  }
  const line = receiving(task.path, basename(source), mark, options);
  await attempt(context, task, line, { input: content(), signal: options.signal });
  return result as unknown as TransferResult;
}

async function list(source: string, options: UploadOptions): Promise<LocalTree> {
  const { ignoreFile } = options;
  if (ignoreFile !== undefined) checkIgnoreFile(ignoreFile);
  const tree = await listTree(source, await toSelection(options), ignoreFile);
  if (ignoreFile !== undefined && !tree.hasIgnoreFile)
    throw unreadable(source, `it contains no ignore file ${ignoreFile}`);
  return tree;
}

/** Passes on the chunks of an archive, and returns what it returns. */
async function* metered<Result>(
  archive: AsyncGenerator<Buffer, Result, undefined>,
  space: Promise<void>,
  total: number,
  { onProgress }: UploadOptions,
): AsyncGenerator<Buffer, Result, undefined> {
  const meter = contentMeter();
  let sent = 0;
  try {
    for (;;) {
      const next = await archive.next();
      if (next.done === true) return next.value;
      const bytes = onProgress === undefined ? 0 : Math.min(meter(next.value), total);
      sent += next.value.length;
      if (sent > UNCHECKED_BYTES) await space;
      yield next.value;
      onProgress?.({ bytes, total });
    }
  } finally {
    await archive.return(undefined as Result);
  }
}

/**
 * Shell: unpacks its stdin into a temporary folder, and moves the result to the target after the
 * last byte.
 */
function receiving(path: string, name: string, mark: string, options: UploadOptions): string {
  const bare = path.replace(/(?<=[^/])\/+$/, "");
  return [
    staging(bare),
    `[ ! -e "$target" ] || [ -d "$target" ] || ${fail("Not a directory")}`,
    // An absolute path, which `find` cannot read as an option when it passes it to a command.
    `case $target in /*) ;; *) target=$PWD/$target temp=$PWD/$temp;; esac`,
    `mkdir -m 700 -- "$temp" || exit 1`,
    `tar -x -p -i -f - --no-same-owner --warning=no-timestamp -C "$temp" || exit 1`,
    `[ -e "$temp/${mark}" ] || ${fail("the archive ended too early")}`,
    `[ ! -s "$temp/${mark}.gone" ] || (cd -- "$temp" && xargs -0 rm -rf -- <${mark}.gone) || exit 1`,
    // For the transcript.
    `cat -- "$temp/${mark}" >&2`,
    `from=$temp/${quote(name)}`,
    ...settingModes(options),
    MERGE,
  ].join("; ");
}

function toResult({ entries, leftOut }: LocalTree, gone: readonly LocalEntry[]): TransferResult {
  const vanished = new Set(gone.map(({ path }) => path));
  const copied = entries.filter(({ path, facts }) => !facts.isDirectory() && !vanished.has(path));
  return {
    files: copied.length,
    bytes: sizeOf(copied),
    leftOut: topmost([...leftOut, ...gone.map(({ path }) => ({ path, why: VANISHED }))]),
    changed: [],
  };
}

function toLine({ path, why }: LeftOut): string {
  return `vmrig: left out ${path}: ${why}\n`;
}

/** Names in the archive, each with a NUL. */
function namesOf(entries: readonly LocalEntry[], base: string): Buffer {
  return Buffer.concat(
    entries.flatMap(({ name }) => [Buffer.from(`./${base}/`), name, Buffer.from([0])]),
  );
}

function sizeOf(entries: readonly LocalEntry[]): number {
  return entries.reduce((sum, { facts }) => sum + (facts.isFile() ? facts.size : 0), 0);
}

/** Sums up what the files need on a disk: without their holes, and hard links once. */
function storedSizeOf(entries: readonly LocalEntry[]): number {
  const seen = new Set<number>();
  let sum = 0;
  for (const { facts } of entries) {
    if (!facts.isFile() || (facts.nlink > 1 && seen.has(facts.ino))) continue;
    seen.add(facts.ino);
    sum += Math.min(facts.size, (facts.blocks ?? Number.POSITIVE_INFINITY) * 512);
  }
  return sum;
}
