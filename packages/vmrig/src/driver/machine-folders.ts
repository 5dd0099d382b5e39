import { readdir } from "node:fs/promises";

/** Names of rigs and machines: DNS labels. */
export const NAME_FORM: RegExp = /^(?!localhost$)[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;

/**
 * Lists the folders that may be machines. A file such as `.DS_Store`, or a folder that was set
 * aside under another kind of name, is no machine, and no run may delete it.
 */
export async function machineFolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter((name) => NAME_FORM.test(name));
}
