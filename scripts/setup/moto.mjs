import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quietly } from "./quiet.mjs";
import { installOnce } from "./tool.mjs";

const VERSION = "5.2.5";

/**
 * Starts the server with the packages beside it, wherever the folder was moved to. moto has no
 * `--version`.
 */
const LAUNCHER = `#!/bin/sh
PYTHONPATH="$(dirname "$0")/../packages"
export PYTHONPATH
[ "$1" = --version ] && exec python3 -c 'import moto.server, flask_cors, moto.s3.models'
exec python3 -m moto.server "$@"
`;

/**
 * Fetches moto, the S3 server of the tests, from PyPI once. Its conditional writes are atomic,
 * unlike those of the servers in the npm registry.
 *
 * @param {{ cache: string, env: NodeJS.ProcessEnv, say: import("./setup.mjs").Say }} context
 * @returns {Promise<string>} the folder of the program `moto_server`
 */
export async function ensureMoto({ cache, env, say }) {
  const spec = `moto[s3]==${VERSION}`;
  const program = await installOnce(
    { folder: join(cache, "tools", `moto-${VERSION}`), spec, program: "bin/moto_server" },
    {
      env,
      announce: () => say("moto", `fetching moto ${VERSION}`),
      async install(half) {
        const target = join(half, "packages");
        await quietly(
          `pip install ${spec}`,
          [
            "python3",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--target",
            target,
            spec,
            "flask",
            "flask-cors",
          ],
          { cwd: half, env },
        );
        await mkdir(join(half, "bin"));
        await writeFile(join(half, "bin/moto_server"), LAUNCHER);
        await chmod(join(half, "bin/moto_server"), 0o755);
      },
    },
  );
  return dirname(program);
}
