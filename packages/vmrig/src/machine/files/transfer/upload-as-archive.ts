import { lstat } from "node:fs/promises";
import { quotePath } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { attempt, type Task } from "../attempt.ts";
import { fail, moving, refuseSocket, staging } from "../staging.ts";
import { hasTar } from "./local-tar.ts";
import { typeOf } from "./local-tree.ts";
import type { TransferResult } from "./result.ts";
import type { UploadOptions } from "./transfer-options.ts";
import { type ArchiveUpload, uploadArchive } from "./upload-archive.ts";

/** Fewer bytes of holes are sent as zeros. */
export const MIN_HOLES = 1024 * 1024;

/** Returns whether both sides can copy a file as an archive. */
export async function canBeArchive(context: ExecutionContext, path: string): Promise<boolean> {
  if (!(await hasTar())) return false;
  const target = quotePath(path);
  const line = `{ [ -f ${target} ] || [ ! -e ${target} ]; } && tar --version 2>/dev/null | grep -F 'GNU tar' || :`;
  const { stdout } = await attempt(context, { doing: "find tar for", path }, line);
  return stdout.length > 0;
}

/** Copies a file as an archive, with extended attributes and without holes. */
export async function uploadAsArchive(
  context: ExecutionContext,
  task: Task,
  source: string,
  options: UploadOptions,
): Promise<TransferResult> {
  const facts = await lstat(source);
  const entry = { path: "", name: Buffer.alloc(0), type: typeOf(facts), facts };
  const tree = { root: Buffer.from(source), entries: [entry], leftOut: [], hasIgnoreFile: false };
  const list: ArchiveUpload["list"] = async (found) => {
    found(entry);
    return tree;
  };
  const before = [
    staging(task.path),
    `[ ! -d "$target" ] || ${fail("Is a directory")}`,
    refuseSocket('"$target"'),
  ].join("; ");
  const after = moving('"$from"', ":", `touch -r "$from" -- "$target"`);
  return uploadArchive(
    context,
    task,
    { source, list, before, after },
    { ...options, folderMode: undefined },
  );
}
