import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, resolve, sep } from "node:path";

/**
 * Finds a program: a name on the `PATH`, or a path. The result does not depend on the folder in
 * which the program is started later, unlike a name and a `PATH` with relative folders.
 *
 * @returns its absolute path, or `undefined` when there is no such program
 */
export async function locateProgram(
  name: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (isPath(name)) return await programAt(resolve(name));
  // Windows adds an extension to the name, and finds the program itself.
  if (process.platform === "win32") return name;
  for (const folder of (environment["PATH"] ?? "").split(delimiter)) {
    if (folder === "") continue;
    const found = await programAt(resolve(folder, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Returns the program behind a wrapper script. `setup-terraform` and `setup-opentofu`, the actions
 * of GitHub, rename the program to `terraform-bin` or `tofu-bin`, and put a script in its place.
 * The script fails without a variable of the job. With it, the script adds lines to the output and
 * changes exit code 2 to 0.
 */
export async function withoutWrapper(path: string): Promise<string> {
  return (await programAt(`${path}-bin`)) ?? path;
}

/** Whether a person named a place instead of a name to search on the `PATH`. */
export function isPath(name: string): boolean {
  return name.includes("/") || name.includes(sep);
}

async function programAt(path: string): Promise<string | undefined> {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return executable && (await stat(path)).isFile() ? path : undefined;
}
