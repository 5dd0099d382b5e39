import { dirname, join } from "node:path";
import { SetupError } from "./setup-error.mjs";
import { ensureTool } from "./tool.mjs";

/** The version with which vmrig is developed. */
const FETCHED = 24;

/**
 * The packages need 22.12. From 22.18 on, Node also runs the TypeScript files of `bench/` without a
 * build.
 */
const OLDEST = /** @type {const} */ ([22, 18]);

const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/** @param {string} version `22.18.0` */
export function isRecentNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/**
 * @param {{ cache: string, env: NodeJS.ProcessEnv, say: import("./setup.mjs").Say }} context
 * @returns {Promise<string>} the folder of a Node that can run everything in this repository
 */
export async function ensureNode({ cache, env, say }) {
  if (isRecentNode(process.versions.node)) return dirname(process.execPath);
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new SetupError(
      `Node ${process.versions.node} is too old, and setup has no newer one for ${platform}.`,
      [`hint: install Node ${FETCHED}, then run this again.`],
    );
  }
  const program = await ensureTool(
    {
      folder: join(cache, "tools", `node-${FETCHED}`),
      spec: `node-${platform}@${FETCHED}`,
      program: `node_modules/node-${platform}/bin/node`,
    },
    {
      env,
      announce: () =>
        say(
          "node",
          `fetching Node ${FETCHED}, because ${process.versions.node} is older than ${OLDEST.join(".")}`,
        ),
    },
  );
  return dirname(program);
}
