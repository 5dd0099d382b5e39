import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runChild } from "../child.mjs";
import { cacheFolder } from "./cache-folder.mjs";
import { installDependencies } from "./dependencies.mjs";
import { ensureMoto } from "./moto.mjs";
import { ensureNode } from "./node.mjs";
import { ensurePnpm } from "./pnpm.mjs";
import { quietly } from "./quiet.mjs";
import { SetupError } from "./setup-error.mjs";
import { ensureSystemPackages } from "./system-packages.mjs";
import { SYSTEM_FOLDERS } from "./system.mjs";
import { findTerraform } from "./terraform.mjs";

/** @typedef {(topic: string, text: string) => void} Say prints one line of progress */

/**
 * Installs everything that this repository needs on this computer. Idempotent: each step checks
 * first, and a second call changes nothing.
 *
 * @param {{ root: string, env: NodeJS.ProcessEnv, tests: boolean, remote: boolean, say: Say }} context
 *   `tests`: whether to install also what only the tests use; `remote`: whether to leave out what
 *   machines of this computer need
 * @returns {Promise<NodeJS.ProcessEnv>} the environment for the task
 * @throws {SetupError} with all manual steps together
 */
export async function setUp({ root, env: given, tests, remote, say }) {
  const start = performance.now();
  const cache = cacheFolder(given);
  const node = await ensureNode({ cache, env: given, say });
  const pnpm = await ensurePnpm({ root, cache, env: withPath(given, node), say });
  const env = withPath(given, node, pnpm, join(root, "node_modules/.bin"));

  await installDependencies({ root, env, say });
  const packages = remote ? undefined : await ensureSystemPackages({ cache, env, tests, say });
  const terraform = await findTerraform({ root, node: join(node, "node"), env });
  if (packages !== undefined || terraform instanceof SetupError)
    throw together([packages, terraform].filter((result) => result instanceof SetupError));
  const servers = tests ? [await ensureMoto({ cache, env, say })] : [];
  if (!remote) {
    await quietly("tsc --build", ["tsc", "--build"], { cwd: root, env });
    await buildImage({ root, env });
  }
  say(
    "setup",
    `is complete (${process.platform}-${process.arch}, ${terraform.shown}, ${((performance.now() - start) / 1000).toFixed(1)} s)`,
  );
  // Absolute, because the task may run in another folder.
  return {
    ...withPath(env, ...servers),
    ...(env["VMRIG_TERRAFORM"] && { VMRIG_TERRAFORM: terraform.path }),
  };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} first
 * @returns {NodeJS.ProcessEnv}
 */
function withPath(env, ...first) {
  return {
    ...env,
    PATH: [...new Set([...first, ...(env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS])].join(
      delimiter,
    ),
  };
}

/**
 * @param {readonly SetupError[]} errors at least one
 * @returns {SetupError}
 */
function together([first, ...more]) {
  return new SetupError(first?.message ?? "", [
    ...(first?.details ?? []),
    ...more.flatMap((error) => [error.message, ...error.details]),
  ]);
}

/** @param {{ root: string, env: NodeJS.ProcessEnv }} context */
async function buildImage({ root, env }) {
  const recipe = join(root, "infra/images/debian-13/build");
  if (!existsSync(recipe)) return;
  const code = await runChild(recipe, [], { cwd: root, env });
  if (code !== 0)
    throw new SetupError(
      "The machine image debian-13 could not be built; see the recipe's message above.",
      [],
      code,
    );
}
