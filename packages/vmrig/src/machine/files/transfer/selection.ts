import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { TransferEntry, TransferOptions } from "./transfer-options.ts";

/** Returns whether an entry is copied. The content of a folder is asked after the folder. */
export type Selection = (entry: TransferEntry) => boolean;

/** Returns `undefined` if everything is copied. */
export async function toSelection({
  exclude,
  filter,
}: TransferOptions): Promise<Selection | undefined> {
  if (exclude === undefined && filter === undefined) return undefined;
  const patterns = typeof exclude === "string" ? [exclude] : (exclude ?? []);
  const excluded = patterns.length === 0 ? [] : await Promise.all(patterns.map(toExclusion));
  return (entry) => {
    if (excluded.some((excludes) => excludes(entry))) return false;
    const takes = filter?.(entry) ?? true;
    if (typeof takes !== "boolean")
      throw new VmrigError("COMMAND_INVALID", {
        message: `The filter returned ${describe(takes)} for ${entry.path}, not a boolean.`,
      });
    return takes;
  };
}

async function toExclusion(pattern: string): Promise<Selection> {
  // Loaded on demand: most tests do not need it.
  const { Minimatch } = await import("minimatch");
  const path = pattern.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");
  if (path === "" || path === "." || path.split("/").includes(".."))
    throw new VmrigError("COMMAND_INVALID", {
      message: `The pattern ${JSON.stringify(pattern)} in \`exclude\` cannot match anything below the copied folder.`,
      hint: "write a name, such as node_modules, or a path relative to the folder",
    });
  const matcher = new Minimatch(path, {
    dot: true,
    matchBase: !pattern.replace(/\/+$/, "").includes("/"),
    nocomment: true,
    noext: true,
    nonegate: true,
    optimizationLevel: 0,
    platform: "linux",
  });
  const folders = pattern.endsWith("/");
  return ({ path: name, type }) => (!folders || type === "folder") && matcher.match(name);
}

function describe(value: unknown): string {
  return value instanceof Promise ? "a promise" : String(value);
}
