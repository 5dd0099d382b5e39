import { access, appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";

/** Outside of what a rollback rewinds. */
export const LOG = join(process.env["TEST_FOLDER"] ?? "", "log");

export function note(line: string): Promise<void> {
  return appendFile(LOG, `${line}\n`);
}

/** Waits until whoever started this run has made the file. */
export async function allowed(name: string): Promise<void> {
  await vi.waitFor(
    () => access(join(process.env["TEST_FOLDER"] ?? "", name)).then(() => expect(true).toBe(true)),
    {
      timeout: 60_000,
      interval: 20,
    },
  );
}
