/**
 * Entry point of a double in a separate process: `node main.js [IMAGE FOLDER]`. With a folder, its
 * servers are QEMU machines. It prints its addresses as one line of JSON, and ends, with all its
 * servers, when its standard input does: so it does not outlive the test that started it.
 */
import { once } from "node:events";
import { controlRoutes } from "./control/control-routes.ts";
import { startControlServer } from "./control/control-server.ts";
import { HcloudDouble } from "./hcloud-double.ts";
import { qemuBackend } from "./qemu/qemu-backend.ts";

const imageFolder = process.argv[2];

await using stack = new AsyncDisposableStack();
const backend =
  imageFolder === undefined ? undefined : stack.use(await qemuBackend({ imageFolder }));
const double = stack.use(await HcloudDouble.start(backend ? { backend } : {}));
const control = stack.use(await startControlServer(controlRoutes({ double, backend })));
const { endpoint, token } = double;
process.stdout.write(`${JSON.stringify({ endpoint, token, control: control.url })}\n`);
process.stdin.resume();
await once(process.stdin, "close");
