import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import { quote } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import type { Task } from "../attempt.ts";
import { fail } from "../staging.ts";
import { checkFreeSpace } from "./free-space.ts";
import { pack } from "./local-tar.ts";
import type { LocalEntry, LocalTree } from "./local-tree.ts";
import { settingModes } from "./modes.ts";
import { type LeftOut, sorted, toPath, type TransferResult, VANISHED } from "./result.ts";
import { sendContent } from "./send-content.ts";
import { sendTree } from "./send-tree.ts";
import { contentMeter, oneFile } from "./tar-header.ts";
import { readTarMessages } from "./tar-messages.ts";
import type { UploadOptions } from "./transfer-options.ts";

/** Size of the beginning of an archive, which is sent while the folder is listed. */
const UNCHECKED_BYTES = 1024 * 1024;

export interface ArchiveUpload {
  readonly source: string;
  /** Lists the files, and reports each one immediately. */
  readonly list: (found: (entry: LocalEntry) => void) => Promise<LocalTree>;
  /** Shell: sets `$target` and `$temp`, and checks the target. */
  readonly before: string;
  /** Shell: moves the complete `$from` to `$target`. */
  readonly after: string;
}

/** Copies a file or folder as an archive. */
export async function uploadArchive(
  context: ExecutionContext,
  task: Task,
  { source, list, before, after }: ArchiveUpload,
  options: UploadOptions,
): Promise<TransferResult> {
  const mark = `.vmrig-${randomUUID()}`;
  let result: TransferResult | undefined;
  async function* content(): AsyncGenerator<Buffer, TransferResult, undefined> {
    // This is called when the command was sent: the machine prepares meanwhile.
    const archive = await pack(source);
    const listing = list(({ name }) => archive.add(name)).finally(archive.end);
    const checked = listing.then(({ entries }) =>
      checkFreeSpace(context, task, storedSizeOf(entries)),
    );
    checked.catch(() => {});
    const total = options.onProgress === undefined ? 0 : sizeOf((await listing).entries);
    const gone = yield* metered(sendTree(source, archive, listing), checked, total, options);
    const tree = await listing;
    result = toResult(tree, gone);
    // The machine's `tar` accepts an end of input between entries as a regular end. So a last
    // archive marks the others as complete.
    yield oneFile(`${mark}.gone`, namesOf(gone, basename(source)));
    yield oneFile(mark, Buffer.from(result.leftOut.map(toLine).join("")));
    options.onProgress?.({ bytes: total, total });
    return result;
  }
  const line = [before, unpacking(basename(source), mark), ...settingModes(options), after];
  const { signal } = options;
  const ran = await sendContent(context, task, line.join("; "), content(), signal);
  const { attributes } = readTarMessages(ran.result.stderr);
  const sent = result as unknown as TransferResult;
  const prefix = 3 + Buffer.byteLength(basename(source));
  const lost = attributes.map(({ name, why }) => ({
    path: toPath(name.slice(prefix)) || source,
    why,
  }));
  return { ...sent, leftOut: [...sent.leftOut, ...lost] };
}

/** Passes on the chunks of an archive, and returns what it returns. */
async function* metered<Result>(
  archive: AsyncGenerator<Buffer, Result, undefined>,
  checked: Promise<void>,
  total: number,
  { onProgress }: UploadOptions,
): AsyncGenerator<Buffer, Result, undefined> {
  const meter = contentMeter();
  let sent = 0;
  try {
    for (;;) {
      const next = await archive.next();
      if (next.done === true) {
        await checked;
        return next.value;
      }
      sent += next.value.length;
      if (sent > UNCHECKED_BYTES) await checked;
      const bytes = onProgress === undefined ? 0 : Math.min(meter(next.value), total);
      yield next.value;
      onProgress?.({ bytes, total });
    }
  } finally {
    await archive.return(undefined as Result);
  }
}

/** Shell: unpacks its stdin into a temporary folder, and sets `$from` to the result. */
function unpacking(name: string, mark: string): string {
  return [
    `mkdir -m 700 -- "$temp" || exit 1`,
    `tar -x -p -i -f - --no-same-owner --xattrs --xattrs-include='*' --warning=no-timestamp -C "$temp" || exit 1`,
    `[ -e "$temp/${mark}" ] || ${fail("the archive ended too early")}`,
    `[ ! -s "$temp/${mark}.gone" ] || (cd -- "$temp" && xargs -0 rm -rf -- <${mark}.gone) || exit 1`,
    // For the transcript.
    `[ ! -s "$temp/${mark}" ] || cat -- "$temp/${mark}" >&2`,
    `from=$temp/${quote(name)}`,
  ].join("; ");
}

function toResult({ entries, leftOut }: LocalTree, gone: readonly LocalEntry[]): TransferResult {
  const vanished = new Set(gone.map(({ path }) => path));
  const copied = entries.filter(({ path, facts }) => !facts.isDirectory() && !vanished.has(path));
  return {
    files: copied.length,
    bytes: sizeOf(copied),
    leftOut: sorted([...leftOut, ...gone.map(({ path }) => ({ path, why: VANISHED }))]),
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
