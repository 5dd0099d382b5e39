import { randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import { describeThrown } from "../../../errors/thrown.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { releaseBuffer } from "../../../ssh/ssh2-patches/release-buffer.ts";
import { quote } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { attempt, type Task } from "../attempt.ts";
import { readPieces } from "./local-file.ts";
import { sizeOf } from "./local-folder.ts";
import { pack } from "./local-tar.ts";
import { MERGE } from "./merge.ts";
import type { TransferOptions } from "./progress.ts";
import { fail, octal, replacing, staging } from "../staging.ts";
import { contentMeter, emptyFile } from "./tar-header.ts";

export interface UploadOptions extends TransferOptions {
  /**
   * Whether a file replaces the existing file, so that readers see the old or the new content.
   * `false` writes into the existing file, for its hard links and for programs that keep it open.
   *
   * @defaultValue true
   */
  readonly atomic?: boolean | undefined;
}

/**
 * Copies a file or folder of this computer to a path on the machine. `cat` or `tar` writes the copy
 * as the user of the context, so that it belongs to that user.
 */
export async function upload(
  context: ExecutionContext,
  local: string,
  remote: string,
  options: UploadOptions,
): Promise<void> {
  const task: Task = { doing: `upload ${local} to`, path: remote, existing: false };
  let source: string;
  let facts: BigIntStats;
  try {
    source = await realpath(local);
    facts = await stat(source, { bigint: true });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw unreadable(
      local,
      missing ? "there is no such file on this computer" : describeThrown(error),
      error,
    );
  }
  if (facts.isFile()) await uploadFile(context, task, source, facts, options);
  else if (options.atomic === false) throw unreadable(local, "`atomic: false` is for files");
  else if (facts.isDirectory()) await uploadFolder(context, task, source, options);
  else throw unreadable(local, "it is neither a file nor a folder");
}

async function uploadFile(
  context: ExecutionContext,
  task: Task,
  source: string,
  facts: BigIntStats,
  options: UploadOptions,
): Promise<void> {
  const { onProgress, signal, atomic } = options;
  const bytes = Number(facts.size);
  const mtime = `${facts.mtimeNs / 1_000_000_000n}.${String(facts.mtimeNs % 1_000_000_000n).padStart(9, "0")}`;
  const finish = (file: string): string =>
    `chmod ${octal(Number(facts.mode) & 0o7777)} -- ${file} && touch -d @${mtime} -- ${file}`;
  async function* content(): AsyncGenerator<Buffer, void, undefined> {
    let sent = 0;
    try {
      for await (const chunk of readPieces(source, bytes)) {
        yield chunk;
        sent += chunk.length;
        onProgress?.({ bytes: sent, total: bytes });
      }
    } catch (error) {
      throw unreadable(source, describeThrown(error), error);
    }
    if (sent < bytes)
      throw unreadable(source, `it shrank from ${bytes} bytes to ${sent} while it was read`);
    if (bytes === 0) onProgress?.({ bytes, total: bytes });
  }
  const line = replacing(task.path, {
    bytes,
    secret: true,
    atomic,
    finish,
    finishesSpecial: false,
  });
  await attempt(context, task, line, {
    input: content(),
    signal,
  });
}

async function uploadFolder(
  context: ExecutionContext,
  task: Task,
  source: string,
  { onProgress, signal }: TransferOptions,
): Promise<void> {
  const total = onProgress === undefined ? 0 : await sizeOf(source);
  const mark = `.vmrig-${randomUUID()}`;
  // Packing starts while the machine prepares.
  const archive = pack(source);
  async function* content(): AsyncGenerator<Buffer, void, undefined> {
    const meter = contentMeter();
    for await (const chunk of archive.output as AsyncIterable<Buffer>) {
      yield chunk;
      if (onProgress !== undefined) onProgress({ bytes: Math.min(meter(chunk), total), total });
      releaseBuffer(chunk);
    }
    await archive.done;
    // A second archive marks the first one as complete: the machine's `tar` accepts an end of input
    // between entries as a regular end.
    yield emptyFile(mark);
    onProgress?.({ bytes: total, total });
  }
  try {
    await attempt(context, task, receiving(task.path, basename(source), mark), {
      input: content(),
      signal,
    });
  } finally {
    archive.kill();
  }
}

/**
 * Shell: unpacks its stdin into a temporary folder, and moves the result to the target after the
 * last byte.
 */
function receiving(path: string, name: string, mark: string): string {
  const bare = path.replace(/(?<=[^/])\/+$/, "");
  return [
    staging(bare),
    `[ ! -e "$target" ] || [ -d "$target" ] || ${fail("Not a directory")}`,
    // An absolute path, which `find` cannot read as an option when it passes it to a command.
    `case $target in /*) ;; *) target=$PWD/$target temp=$PWD/$temp;; esac`,
    `mkdir -m 700 -- "$temp" || exit 1`,
    `tar -x -p -i -f - --no-same-owner --warning=no-timestamp -C "$temp" || exit 1`,
    `[ -e "$temp/${mark}" ] || ${fail("the archive ended too early")}`,
    `from=$temp/${quote(name)}`,
    MERGE,
  ].join("; ");
}

function unreadable(path: string, reason: string, cause?: unknown): VmrigError {
  return new VmrigError("FILE_FAILED", { message: `Cannot upload ${path}: ${reason}.`, cause });
}
