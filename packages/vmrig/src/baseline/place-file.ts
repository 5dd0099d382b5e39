import { quote } from "../ssh/quote.ts";
import type { RecipeFile } from "./recipe.ts";

/**
 * Returns a script for root, under `sh -e`, that writes one file with any content, and creates its
 * folders. The file appears whole or not at all.
 */
export function placeFile({ path, content, mode, owner }: RecipeFile): string {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const target = quote(path);
  const made = quote(`${path}.vmrig-new`);
  return [
    `mkdir -p ${quote(folder)}`,
    // `mv` would put the file inside the folder.
    `if [ -d ${target} ]; then echo ${target} is a folder >&2; exit 1; fi`,
    `base64 -d > ${made} <<'VMRIG_END'`,
    ...(Buffer.from(content)
      .toString("base64")
      .match(/.{1,76}/g) ?? []),
    "VMRIG_END",
    // One command per line: `-e` ignores a failure on the left of `&&`. `chown` runs first, because
    // it clears set-user-id bits.
    `chown ${owner} ${made}`,
    `chmod ${mode} ${made}`,
    `mv ${made} ${target}`,
  ].join("\n");
}
