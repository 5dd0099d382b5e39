import type { BigIntStats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { checkOptions } from "../../../errors/check-options.ts";
import { describeThrown } from "../../../errors/thrown.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import type { Task } from "../attempt.ts";
import { checkModes } from "./modes.ts";
import type { TransferResult } from "./result.ts";
import { UPLOAD_OPTIONS, type UploadOptions } from "./transfer-options.ts";
import { unreadable } from "./unreadable.ts";
import { uploadFile } from "./upload-file.ts";
import { uploadFolder } from "./upload-folder.ts";

/**
 * Copies a file or folder of this computer to a path on the machine. `cat` or `tar` writes the copy
 * as the user of the context, so that it belongs to that user.
 */
export async function upload(
  context: ExecutionContext,
  local: string,
  remote: string,
  options: UploadOptions,
): Promise<TransferResult> {
  checkOptions(`${context.name}.upload()`, options, UPLOAD_OPTIONS);
  const task: Task = { doing: `upload ${local} to`, path: remote, existing: false };
  checkModes(options);
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
  if (facts.isFile()) return uploadFile(context, task, source, facts, options);
  if (options.atomic === false) throw unreadable(local, "`atomic: false` is for files");
  if (facts.isDirectory()) return uploadFolder(context, task, source, options);
  throw unreadable(local, "it is neither a file nor a folder");
}
