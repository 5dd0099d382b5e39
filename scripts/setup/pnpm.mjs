import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SetupError } from "./setup-error.mjs";
import { ensureTool } from "./tool.mjs";

/**
 * @param {unknown} packageManager the field of package.json: `pnpm@12.21.0`
 * @returns {string} the version
 */
export function pinnedPnpm(packageManager) {
  const version = /^pnpm@(\d+\.\d+\.\d+)/.exec(String(packageManager))?.[1];
  if (version === undefined)
    throw new SetupError('package.json pins no pnpm: expected "packageManager": "pnpm@<version>".');
  return version;
}

/**
 * @param {{ root: string, cache: string, env: NodeJS.ProcessEnv, say: import("./setup.mjs").Say }}
 *   context
 * @returns {Promise<string>} the folder of the pinned pnpm
 */
export async function ensurePnpm({ root, cache, env, say }) {
  const manifest = /** @type {{ packageManager?: unknown }} */ (
    JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  );
  const version = pinnedPnpm(manifest.packageManager);
  const program = await ensureTool(
    {
      folder: join(cache, "tools", `pnpm-${version}`),
      spec: `pnpm@${version}`,
      program: "node_modules/.bin/pnpm",
    },
    { env, announce: () => say("pnpm", `fetching pnpm ${version}`) },
  );
  return dirname(program);
}
