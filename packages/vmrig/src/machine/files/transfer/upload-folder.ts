import type { ExecutionContext } from "../../command/execution-context.ts";
import type { Task } from "../attempt.ts";
import { fail, staging } from "../staging.ts";
import { checkIgnoreFile } from "./ignore-files.ts";
import { isGnu } from "./local-tar.ts";
import { listTree, type LocalEntry, type LocalTree } from "./local-tree.ts";
import { MERGE } from "./merge.ts";
import type { TransferResult } from "./result.ts";
import { toSelection } from "./selection.ts";
import type { UploadOptions } from "./transfer-options.ts";
import { unreadable } from "./unreadable.ts";
import { uploadArchive } from "./upload-archive.ts";

/** Copies a folder: a new one appears at once, an existing one gets the files at the end. */
export async function uploadFolder(
  context: ExecutionContext,
  task: Task,
  source: string,
  options: UploadOptions,
): Promise<TransferResult> {
  const before = [
    staging(task.path.replace(/(?<=[^/])\/+$/, "")),
    `[ ! -e "$target" ] || [ -d "$target" ] || ${fail("Not a directory")}`,
    // An absolute path, which `find` cannot read as an option when it passes it to a command.
    `case $target in /*) ;; *) target=$PWD/$target temp=$PWD/$temp;; esac`,
  ].join("; ");
  return uploadArchive(
    context,
    task,
    { source, list: (found) => list(source, options, found), before, after: MERGE },
    options,
  );
}

async function list(
  source: string,
  options: UploadOptions,
  found: (entry: LocalEntry) => void,
): Promise<LocalTree> {
  const { ignoreFile } = options;
  if (ignoreFile !== undefined) checkIgnoreFile(ignoreFile);
  const takes = await toSelection(options);
  // Only GNU tar notices changes itself.
  const withFacts = takes !== undefined || !(await isGnu());
  const tree = await listTree(source, { takes, ignoreFile, withFacts }, found);
  if (ignoreFile !== undefined && !tree.hasIgnoreFile)
    throw unreadable(source, `it contains no ignore file ${ignoreFile}`);
  return tree;
}
