import { existsSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "../child.mjs";
import { manifests } from "../setup/workspace.mjs";

/**
 * Checks the types of the whole repository. The build compiles the packages with their tests and
 * type tests. This function also checks the folders that are not built: scripts, examples,
 * benchmarks and the chaos suite, against the packages' published types, as a user's project does.
 *
 * @param {string} root
 */
export async function checkTypes(root) {
  const folders = (await manifests(root))
    .map((file) => file.slice(0, -"/package.json".length))
    .filter((folder) => /^(?:examples\/|infra\/|bench$|chaos$)/.test(folder));
  let fine = (await runChild("tsc", ["--build"], { cwd: root })) === 0;
  for (const folder of ["scripts", ...folders].filter((name) =>
    existsSync(join(root, name, "tsconfig.json")),
  )) {
    if ((await runChild("tsc", ["--project", folder], { cwd: root })) !== 0) fine = false;
  }
  return fine;
}
