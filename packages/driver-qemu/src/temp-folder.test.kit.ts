import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * Creates a folder that is removed after the test, also after a failure. A copy of the kit of
 * vmrig's `local-files/`: TypeScript does not build a relative import across packages (TS2878), and
 * the published packages contain no kits.
 */
export async function tempFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "vmrig-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
