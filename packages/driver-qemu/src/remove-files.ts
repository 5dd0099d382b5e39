import { rm } from "node:fs/promises";

/** Deletes files. Succeeds if some do not exist. */
export async function removeFiles(...paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => rm(path, { force: true })));
}
