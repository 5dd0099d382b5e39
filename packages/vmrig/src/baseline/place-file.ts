import { quote } from "../ssh/quote.ts";
import type { RecipeFile } from "./recipe.ts";

/** A script for root that writes one file, folders included, whatever bytes are in it. */
export function placeFile({ path, content, mode, owner }: RecipeFile): string {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const target = quote(path);
  return [
    `mkdir -p ${quote(folder)}`,
    `base64 -d > ${target}.vmrig-new <<'VMRIG_END'`,
    ...(Buffer.from(content).toString("base64").match(/.{1,76}/g) ?? []),
    "VMRIG_END",
    `chmod ${mode} ${target}.vmrig-new && chown ${owner} ${target}.vmrig-new && mv ${target}.vmrig-new ${target}`,
  ].join("\n");
}
