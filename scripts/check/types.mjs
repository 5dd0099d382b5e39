import { existsSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "../child.mjs";
import { manifests } from "../setup/workspace.mjs";

/**
 * The packages are compiled by the build, with their tests and what those claim about types. This
 * checks what is not built: scripts, examples, benchmarks, the chaos suite — as their users would,
 * against the packages' published types.
 *
 * @param {string} root
 */
export async function checkTypes(root) {
  const folders = (await manifests(root))
    .map((file) => file.slice(0, -"/package.json".length))
    .filter((folder) => /^(?:examples\/|bench$|chaos$)/.test(folder));
  let fine = (await runChild("tsc", ["--build"], { cwd: root })) === 0;
  for (const folder of ["scripts", ...folders].filter((name) =>
    existsSync(join(root, name, "tsconfig.json")),
  )) {
    if ((await runChild("tsc", ["--project", folder], { cwd: root })) !== 0) fine = false;
  }
  return fine;
}
