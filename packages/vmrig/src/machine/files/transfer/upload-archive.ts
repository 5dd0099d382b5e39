import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { basename } from "node:path";
import { quote } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import type { Task } from "../attempt.ts";
import { fail } from "../staging.ts";
import { checkFreeSpace, MIN_CHECKED_BYTES } from "./free-space.ts";
import { pack, type Packing } from "./local-tar.ts";
import { factsOf, type LocalEntry, type LocalTree } from "./local-tree.ts";
import { settingModes } from "./modes.ts";
import { type LeftOut, sorted, toPath, type TransferResult, VANISHED } from "./result.ts";
import { sendContent } from "./send-content.ts";
import { sendTree } from "./send-tree.ts";
import { type ContentMeter, contentMeter, oneFile } from "./tar-header.ts";
import { readTarMessages } from "./tar-messages.ts";
import type { UploadOptions } from "./transfer-options.ts";

/** Size of the beginning of an archive, which is sent during the check of the free space. */
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
    try {
      return yield* send(archive);
    } finally {
      archive.kill();
    }
  }
  async function* send(archive: Packing): AsyncGenerator<Buffer, TransferResult, undefined> {
    const listing = list(({ name }) => archive.add(name)).finally(archive.end);
    // The archive ends with it, and is read first.
    listing.catch(() => {});
    const measure = async (): Promise<Stats[]> => {
      const { root, entries } = await listing;
      return factsOf(root, entries);
    };
    const check = async (sent: () => number): Promise<void> =>
      checkFreeSpace(context, task, storedSizeOf(await measure()), sent);
    const total = options.onProgress === undefined ? 0 : sizeOf(await measure());
    const meter = contentMeter();
    const sending = sendTree(source, archive, listing, meter);
    const gone = yield* metered(sending, meter, check, total, options);
    const tree = await listing;
    result = await toResult(tree, gone, meter);
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

/**
 * Passes on the chunks of an archive, and returns what it returns. Checks the free space when the
 * headers show that there is much to send: most copies are small, and need no metadata of files.
 */
async function* metered<Result>(
  archive: AsyncGenerator<Buffer, Result, undefined>,
  meter: ContentMeter,
  check: (sent: () => number) => Promise<void>,
  total: number,
  { onProgress }: UploadOptions,
): AsyncGenerator<Buffer, Result, undefined> {
  let sent = 0;
  let checked: Promise<void> | undefined;
  try {
    for (;;) {
      const next = await archive.next();
      if (next.done === true) {
        await checked;
        return next.value;
      }
      const bytes = Math.min(meter.read(next.value), total);
      if (meter.announced >= MIN_CHECKED_BYTES && checked === undefined) {
        checked = check(() => sent);
        checked.catch(() => {});
      }
      if (sent + next.value.length > UNCHECKED_BYTES) await checked;
      yield next.value;
      sent += next.value.length;
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

async function toResult(
  { root, entries, leftOut }: LocalTree,
  gone: readonly LocalEntry[],
  meter: ContentMeter,
): Promise<TransferResult> {
  const vanished = new Set(gone);
  const copied = entries.filter((entry) => entry.type !== "folder" && !vanished.has(entry));
  const files = copied.filter(({ type }) => type === "file");
  // The archive has other numbers if it contains hard links, or a file twice.
  const isExact = meter.links === 0 && meter.files === files.length;
  return {
    files: copied.length,
    bytes: isExact ? meter.bytes : sizeOf(await factsOf(root, files)),
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

function sizeOf(files: readonly Stats[]): number {
  return files.reduce((sum, facts) => sum + (facts.isFile() ? facts.size : 0), 0);
}

/** Sums up what the files need on a disk: without their holes, and hard links once. */
function storedSizeOf(files: readonly Stats[]): number {
  const seen = new Set<number>();
  let sum = 0;
  for (const facts of files) {
    if (!facts.isFile() || (facts.nlink > 1 && seen.has(facts.ino))) continue;
    seen.add(facts.ino);
    sum += Math.min(facts.size, (facts.blocks ?? Number.POSITIVE_INFINITY) * 512);
  }
  return sum;
}
