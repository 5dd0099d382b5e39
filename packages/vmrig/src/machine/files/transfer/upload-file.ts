import type { BigIntStats } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { describeThrown } from "../../../errors/thrown.ts";
import { isVmrigError } from "../../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import type { Task } from "../attempt.ts";
import { octal, replacing } from "../staging.ts";
import { checkFreeSpace } from "./free-space.ts";
import { FileChanged, readPieces } from "./local-file.ts";
import { hasAttributes } from "./local-tar.ts";
import { gitMode } from "./modes.ts";
import { ATTRIBUTES, type TransferResult } from "./result.ts";
import { sendContent } from "./send-content.ts";
import type { UploadOptions } from "./transfer-options.ts";
import { unreadable } from "./unreadable.ts";
import { canBeArchive, MIN_HOLES, uploadAsArchive } from "./upload-as-archive.ts";

/** A stream would lose the extended attributes of the file. */
class HasAttributes extends Error {}

/**
 * Copies a file as a stream, or, if it has holes or extended attributes, as an archive. A file that
 * changes while it is read is sent again once.
 */
export async function uploadFile(
  context: ExecutionContext,
  task: Task,
  source: string,
  facts: BigIntStats,
  options: UploadOptions,
): Promise<TransferResult> {
  const asArchive = async (): Promise<TransferResult | undefined> =>
    options.atomic !== false && (await canBeArchive(context, task.path))
      ? uploadAsArchive(context, task, source, options)
      : undefined;
  const sparse = facts.size - facts.blocks * 512n >= MIN_HOLES ? await asArchive() : undefined;
  if (sparse !== undefined) return sparse;
  const done = { files: 1, bytes: Number(facts.size), leftOut: [], changed: [] };
  const first = send(context, task, source, { facts, options, probe: hasAttributes(source) });
  const cause = await first.then(() => undefined, toCause);
  if (cause === undefined) return done;
  if (cause instanceof HasAttributes) {
    const copy = await asArchive();
    if (copy !== undefined) return copy;
  }
  const now = await stat(source, { bigint: true }).catch((error: unknown) => {
    throw unreadable(source, describeThrown(error), error);
  });
  await send(context, task, source, { facts: now, options });
  const leftOut = cause instanceof HasAttributes ? [{ path: source, why: ATTRIBUTES }] : [];
  return { ...done, bytes: Number(now.size), leftOut };
}

/** Returns the reason to send a file again, or throws. */
function toCause(error: unknown): FileChanged | HasAttributes {
  const cause = isVmrigError(error) ? error.cause : undefined;
  if (cause instanceof FileChanged || cause instanceof HasAttributes) return cause;
  throw error;
}

interface Sending {
  readonly facts: BigIntStats;
  readonly options: UploadOptions;
  /** Whether the file has extended attributes. If it has, nothing is sent. */
  readonly probe?: Promise<boolean>;
}

async function send(
  context: ExecutionContext,
  task: Task,
  source: string,
  { facts, options, probe }: Sending,
): Promise<void> {
  const own = Number(facts.mode) & 0o7777;
  const { mode = own, atomic, signal } = options;
  const final = mode === "git" ? gitMode(own) : mode;
  const mtime = `${facts.mtimeNs / 1_000_000_000n}.${String(facts.mtimeNs % 1_000_000_000n).padStart(9, "0")}`;
  const bytes = Number(facts.size);
  const line = replacing(task.path, {
    bytes,
    secret: true,
    mode: final,
    atomic,
    finish: (file) => `chmod ${octal(final)} -- ${file} && touch -d @${mtime} -- ${file}`,
    finishesSpecial: false,
  });
  const space = checkFreeSpace(context, task, atomic === false ? 0 : bytes);
  // The content waits for them, but the command may fail before.
  for (const check of [probe, space]) check?.catch(() => {});
  const ready = async (): Promise<void> => {
    if ((await probe) === true) throw unreadable(source, ATTRIBUTES, new HasAttributes());
  };
  // The line cannot tell that the content of an empty file is missing.
  if (bytes === 0) await readable(source, ready);
  const sent = content(source, facts, { ready, space }, options);
  await sendContent(context, task, line, sent, signal);
}

async function readable(source: string, ready: () => Promise<void>): Promise<void> {
  await ready();
  await access(source, constants.R_OK).catch((error: unknown) => {
    throw unreadable(source, describeThrown(error), error);
  });
}

async function* content(
  source: string,
  facts: BigIntStats,
  { ready, space }: { readonly ready: () => Promise<void>; readonly space: Promise<void> },
  { onProgress }: UploadOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const total = Number(facts.size);
  let bytes = 0;
  await ready();
  try {
    for await (const chunk of readPieces(source, facts)) {
      // The first piece is sent during the query. The last one makes the file complete.
      if (bytes > 0 || chunk.length === total) await space;
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
