import { quote } from "../ssh/quote.ts";
import type { RecipeFile } from "./recipe.ts";

/**
 * A script for root, under `sh -e`, that writes one file, folders included, whatever text is in it.
 * The file appears whole or not at all.
 */
export function placeFile({ path, content, mode, owner }: RecipeFile): string {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const target = quote(path);
  const made = quote(`${path}.vmrig-new`);
  return [
    `mkdir -p ${quote(folder)}`,
    // `mv` would put the file inside of it.
    `if [ -d ${target} ]; then echo ${target} is a folder >&2; exit 1; fi`,
    `base64 -d > ${made} <<'VMRIG_END'`,
    ...(Buffer.from(content)
      .toString("base64")
      .match(/.{1,76}/g) ?? []),
    "VMRIG_END",
    // One a line: `-e` overlooks what fails on the left of `&&`. The owner first: it takes
    // set-user-id bits away.
    `chown ${owner} ${made}`,
    `chmod ${mode} ${made}`,
    `mv ${made} ${target}`,
  ].join("\n");
}
