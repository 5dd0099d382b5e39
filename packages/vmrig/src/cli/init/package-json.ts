import { readFile } from "node:fs/promises";
import { VmrigError } from "../../errors/vmrig-error.ts";

/** The relevant fields of the project's package.json. */
export interface PackageJson {
  readonly name?: string;
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface PackageFile {
  readonly text: string;
  readonly value: PackageJson;
}

/**
 * @returns undefined if the file does not exist
 * @throws VmrigError `CONFIG_UNREADABLE` if the file is not a JSON object
 */
export async function readPackageJson(path: string): Promise<PackageFile | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unreadable(path, error);
  });
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw unreadable(path, new Error("it is not an object"));
  return { text, value };
}

/**
 * Adds development dependencies to a package.json. Existing dependencies keep their version.
 */
export function withDevDependencies(
  { text, value }: PackageFile,
  wanted: Readonly<Record<string, string>>,
): { readonly text: string; readonly added: readonly string[] } {
  const added = Object.keys(wanted).filter(
    (name) =>
      value.dependencies?.[name] === undefined && value.devDependencies?.[name] === undefined,
  );
  if (added.length === 0) return { text, added };
  const all = {
    ...value.devDependencies,
    ...Object.fromEntries(added.map((name) => [name, wanted[name]])),
  };
  const devDependencies = Object.fromEntries(
    Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? "  ";
  return { text: `${JSON.stringify({ ...value, devDependencies }, undefined, indent)}\n`, added };
}

function unreadable(path: string, cause: unknown): VmrigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VmrigError("CONFIG_UNREADABLE", {
    message: `${path} could not be read: ${reason}`,
    hint: "fix the file first; vmrig wrote nothing",
    cause,
  });
}
