import { access, appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";

/** Path outside of the part of the machine that a rollback restores. */
export const LOG = join(process.env["TEST_FOLDER"] ?? "", "log");

export function note(line: string): Promise<void> {
  return appendFile(LOG, `${line}\n`);
}

/** Waits until the outer test has created the file. */
export async function allowed(name: string): Promise<void> {
  await vi.waitFor(
    () => access(join(process.env["TEST_FOLDER"] ?? "", name)).then(() => expect(true).toBe(true)),
    {
      timeout: 60_000,
      interval: 20,
    },
  );
}
