import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * Creates a folder for the current test and removes it after the test, also after a failed one. The
 * path is short enough for sockets and has no symbolic link in it.
 */
export async function tempFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "vmrig-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
