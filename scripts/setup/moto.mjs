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
exec python3 "$(dirname "$0")/serve.py" "$@"
`;

/**
 * Serves one request at a time, after its body has arrived. moto checks the condition of a write
 * and stores the object in two steps: of 20 concurrent writers, 2 won.
 */
const SERVER = `import io, sys, threading
from werkzeug.serving import run_simple
from moto.server import DomainDispatcherApplication, create_backend_app
import moto.s3.models

app = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()

def serve(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
    with lock:
        return list(app(environ, start_response))

if sys.argv[1:] != ["--version"]:
    run_simple("127.0.0.1", int(sys.argv[1]), serve, threaded=True)
`;

/**
 * Fetches moto, the S3 server of the tests, from PyPI once. It knows conditional writes, unlike the
 * servers in the npm registry.
 *
 * @param {{ cache: string, env: NodeJS.ProcessEnv, say: import("./setup.mjs").Say }} context
 * @returns {Promise<string>} the folder of the program `vmrig-test-s3`
 */
export async function ensureMoto({ cache, env, say }) {
  const spec = `moto[s3]==${VERSION}`;
  const program = await installOnce(
    { folder: join(cache, "tools", `moto-${VERSION}-1`), spec, program: "bin/vmrig-test-s3" },
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
        await writeFile(join(half, "bin/serve.py"), SERVER);
        await writeFile(join(half, "bin/vmrig-test-s3"), LAUNCHER);
        await chmod(join(half, "bin/vmrig-test-s3"), 0o755);
      },
    },
  );
  return dirname(program);
}
