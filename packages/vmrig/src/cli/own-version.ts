import { readFile } from "node:fs/promises";

/**
 * The version of this vmrig: `1.2.3`. The adapters and drivers of its repository have the same one.
 */
export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
