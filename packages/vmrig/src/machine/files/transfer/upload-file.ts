import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { describeThrown } from "../../../errors/thrown.ts";
import { isVmrigError } from "../../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { attempt, type Task } from "../attempt.ts";
import { octal, replacing } from "../staging.ts";
import { checkFreeSpace } from "./free-space.ts";
import { FileChanged, readPieces } from "./local-file.ts";
import { gitMode } from "./modes.ts";
import type { TransferResult } from "./result.ts";
import type { UploadOptions } from "./transfer-options.ts";
import { unreadable } from "./unreadable.ts";
import { canBeSparse, MIN_HOLES, uploadSparse } from "./upload-sparse.ts";

/** Copies a file as a stream. A file that changes while it is read is sent again once. */
export async function uploadFile(
  context: ExecutionContext,
  task: Task,
  source: string,
  facts: BigIntStats,
  options: UploadOptions,
): Promise<TransferResult> {
  const holes = facts.size - facts.blocks * 512n;
  if (holes >= MIN_HOLES && options.atomic !== false && (await canBeSparse(context, task.path)))
    return uploadSparse(context, task, source, options);
  try {
    await send(context, task, source, facts, options);
  } catch (error) {
    if (!isVmrigError(error) || !(error.cause instanceof FileChanged)) throw error;
    const now = await stat(source, { bigint: true }).catch((cause: unknown) => {
      throw unreadable(source, describeThrown(cause), cause);
    });
    await send(context, task, source, now, options);
  }
  return { files: 1, bytes: Number(facts.size), leftOut: [], changed: [] };
}

async function send(
  context: ExecutionContext,
  task: Task,
  source: string,
  facts: BigIntStats,
  options: UploadOptions,
): Promise<void> {
  const own = Number(facts.mode) & 0o7777;
  const { mode = own, atomic, signal } = options;
  const final = octal(mode === "git" ? gitMode(own) : mode);
  const mtime = `${facts.mtimeNs / 1_000_000_000n}.${String(facts.mtimeNs % 1_000_000_000n).padStart(9, "0")}`;
  const bytes = Number(facts.size);
  const line = replacing(task.path, {
    bytes,
    secret: true,
    atomic,
    finish: (file) => `chmod ${final} -- ${file} && touch -d @${mtime} -- ${file}`,
    finishesSpecial: false,
  });
  const space = checkFreeSpace(context, task, atomic === false ? 0 : bytes);
  // The content waits for it, but may fail before.
  space.catch(() => {});
  await attempt(context, task, line, { input: content(source, facts, space, options), signal });
}

async function* content(
  source: string,
  facts: BigIntStats,
  space: Promise<void>,
  { onProgress }: UploadOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const total = Number(facts.size);
  let bytes = 0;
  await space;
  try {
    for await (const chunk of readPieces(source, facts)) {
      yield chunk;
      bytes += chunk.length;
      onProgress?.({ bytes, total });
    }
  } catch (error) {
    const reason =
      error instanceof FileChanged ? "it changed while it was read" : describeThrown(error);
    throw isVmrigError(error) ? error : unreadable(source, reason, error);
  }
  if (total === 0) onProgress?.({ bytes, total });
}
