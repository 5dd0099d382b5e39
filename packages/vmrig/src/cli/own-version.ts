import { readFile } from "node:fs/promises";

/**
 * Returns the version of vmrig, such as `1.2.3`. The adapters and drivers of this repository share
 * it.
 */
export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
