import { relative } from "node:path";
import { findConfig } from "vmrig/runner";

/**
 * Returns the words that a `vmrig` command needs to find the config from the folder in which Vitest
 * was started.
 */
export async function configWords(config: string): Promise<string> {
  const found = await findConfig(process.cwd()).catch(() => undefined);
  return found === config ? "" : ` --config ${relative(process.cwd(), config)}`;
}
