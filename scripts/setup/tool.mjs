import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { captureChild } from "../child.mjs";
import { quietly } from "./quiet.mjs";
import { SetupError } from "./setup-error.mjs";

/**
 * @typedef {object} Tool
 * @property {string} folder absolute path of its folder
 * @property {string} spec the specifier for npm or pip: `pnpm@12.21.0`
 * @property {string} program its file, relative to `folder`
 */

/**
 * Fetches a program from the npm registry once.
 *
 * @param {Tool} tool
 * @param {{ env: NodeJS.ProcessEnv, announce: () => void }} context `announce` is called before
 *   something is fetched
 * @returns {Promise<string>} its file, absolute
 */
export async function ensureTool(tool, { env, announce }) {
  return await installOnce(tool, {
    env,
    announce,
    install: (half) =>
      quietly(
        `npm install ${tool.spec}`,
        [
          "npm",
          "install",
          "--prefix",
          half,
          "--no-audit",
          "--no-fund",
          "--no-save",
          "--no-package-lock",
          tool.spec,
        ],
        { cwd: half, env },
      ),
  });
}

/**
 * Installs a program in a temporary folder, starts it once, and then moves it to its place as a
 * whole, so that neither a kill nor a simultaneous second setup leaves an incomplete installation.
 *
 * @param {Tool} tool
 * @param {{
 *   env: NodeJS.ProcessEnv;
 *   announce: () => void;
 *   install: (half: string) => Promise<void>;
 * }} context
 * @returns {Promise<string>} its file, absolute
 */
export async function installOnce({ folder, spec, program }, { env, announce, install }) {
  if (existsSync(join(folder, program))) return join(folder, program);
  announce();
  await mkdir(dirname(folder), { recursive: true });
  const half = await mkdtemp(`${folder}.new-`);
  try {
    await install(half);
    const tried = await captureChild(join(half, program), ["--version"], { env });
    if (tried.code !== 0)
      throw new SetupError(
        `${spec} does not run on this computer.`,
        tried.output.trimEnd().split("\n"),
      );
    await moveIn(half, folder, program);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return join(folder, program);
}

/**
 * @param {string} half
 * @param {string} folder
 * @param {string} program
 */
async function moveIn(half, folder, program) {
  try {
    await rename(half, folder);
  } catch (error) {
    if (existsSync(join(folder, program))) return; // another setup has installed it meanwhile
    await rm(folder, { recursive: true, force: true }); // the folder was emptied by hand
    await rename(half, folder).catch(() => {
      throw error;
    });
  }
}
