import { statfs } from "node:fs/promises";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { quotePath } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { attempt, fileFailed, type Task } from "../attempt.ts";
import { fail } from "../staging.ts";

/** A smaller copy is not worth the query: it finds out by itself. */
export const MIN_CHECKED_BYTES = 16 * 1024 * 1024;

/**
 * Checks that the machine has the space for a copy.
 *
 * @param sent returns how much of the copy already uses the space
 * @throws VmrigError `FILE_FAILED` if it does not fit
 */
export async function checkFreeSpace(
  context: ExecutionContext,
  task: Task,
  bytes: number,
  sent: () => number = () => 0,
): Promise<void> {
  if (bytes < MIN_CHECKED_BYTES) return;
  const query: Task = { doing: "query the free space for", path: task.path, existing: false };
  const found = await attempt(context, query, freeSpace(task.path, context.user)).catch(
    () => undefined,
  );
  // A copy into a missing folder fails with a better reason.
  if (found === undefined) return;
  const [blocks = 0, size = 0, all = 0] = found.stdout.toString("latin1").split(" ").map(Number);
  const free = Math.min(blocks * size + sent(), all * size);
  // Some virtual file systems have no size.
  if (all > 0 && free < bytes) throw fileFailed(context, task, tooLarge(bytes, free));
}

/** Shell: prints the free blocks, their size and all blocks of the target's file system. */
function freeSpace(path: string, user: string): string {
  return [
    `target=${quotePath(path)}`,
    `[ ! -L "$target" ] || target=$(readlink -fn -- "$target") || ${fail("No such file or directory")}`,
    // A device or a FIFO takes what it is given.
    `[ -d "$target" ] || [ -f "$target" ] || [ ! -e "$target" ] || exit 0`,
    `[ -d "$target" ] || case $target in */*) target=\${target%/*}/;; *) target=.;; esac`,
    // Only root can use the reserved blocks.
    `exec stat -f -c '${user === "root" ? "%f" : "%a"} %S %b' -- "$target"`,
  ].join("; ");
}

/** Checks that this computer has the space for a copy. */
export async function checkLocalSpace(
  folder: string,
  target: string,
  bytes: number,
): Promise<void> {
  const { bavail, bfree, bsize, blocks } = await statfs(folder);
  // As above: only root can use the reserved blocks.
  const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
  if (blocks > 0 && free < bytes)
    throw new VmrigError("FILE_FAILED", {
      message: `Cannot write ${target} on this computer: ${tooLarge(bytes, free)}.`,
    });
}

function tooLarge(bytes: number, free: number): string {
  return `No space left on device: it needs ${megabytes(bytes)}, and ${megabytes(free)} are free`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`;
}
