import { readFileSync } from "node:fs";
import type { Ignore } from "ignore";
import { VmrigError } from "../../../errors/vmrig-error.ts";

/** Rules of the ignore files from the copied folder down to one folder. */
export interface IgnoreRules {
  /** Path of the folder below the copied folder, with a final slash, or empty. */
  readonly folder: string;
  readonly own: Ignore;
  readonly above: IgnoreRules | undefined;
}

/** Reads the ignore file of a folder. Its rules come before those of the folders above. */
export type ReadIgnoreFile = (
  file: Buffer,
  folder: string,
  above: IgnoreRules | undefined,
) => IgnoreRules;

export async function ignoreFileReader(): Promise<ReadIgnoreFile> {
  // Loaded on demand: most tests do not need it.
  const { default: ignore } = await import("ignore");
  return (file, folder, above) => ({
    folder,
    own: ignore({ ignorecase: false }).add(readFileSync(file, "utf8")),
    above,
  });
}

/** Returns whether the rules ignore a path, which ends with a slash if it is a folder. */
export function isIgnored(path: string, rules: IgnoreRules | undefined): boolean {
  for (let each = rules; each !== undefined; each = each.above) {
    const { ignored, unignored } = each.own.test(path.slice(each.folder.length));
    if (ignored || unignored) return ignored;
  }
  return false;
}

export function checkIgnoreFile(name: string): void {
  if (name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name)) return;
  throw new VmrigError("COMMAND_INVALID", {
    message: `The option \`ignoreFile\` is ${JSON.stringify(name)}, which is not a file name.`,
    hint: "write a name without a folder, such as .gitignore; vmrig reads it in every folder",
  });
}
