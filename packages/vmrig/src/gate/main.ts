/**
 * Entry point of the gate's process: `node main.js`, with its launch options as JSON in VMRIG_GATE.
 * A pipe ties the gate to the runner that started it: when the gate's standard input ends, for any
 * reason, the gate releases everything and exits. Its standard output is lines for people.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemClock } from "../clock/clock.ts";
import { neededConfig, repeatConfig, withConfigInHint } from "../config/repeat-config.ts";
import { asVmrigError } from "../errors/vmrig-error.ts";
import { sweepDeadSockets } from "./dead-sockets.ts";
import type { Gate } from "./gate.ts";
import { SHUTDOWN_TIMEOUT_MS } from "../protocol/shutdown-timeout.ts";
import { launchOptions } from "../protocol/launch-options.ts";
import { serveGate, type GateServer } from "./server.ts";

const orders = launchOptions.parse(JSON.parse(process.env["VMRIG_GATE"] ?? "null"));
/** The value of `--config` that commands in hints need. Known before the gate opens. */
let neededByHints: string | undefined;
const say = (line: string): void => {
  // The runner may be gone. A write without a reader is no reason to fail.
  process.stdout.write(`${repeatConfig(line, neededByHints)}\n`);
};
process.stdout.on("error", () => {});

let server: GateServer | undefined;
let opened: Gate | undefined;
let leaving = false;
const leave = async (): Promise<void> => {
  if (leaving) return;
  leaving = true;
  const close = async (): Promise<void> => {
    await server?.close();
    // A gate that is not open yet has no lease, and a config may never finish loading.
    await opened?.close();
  };
  await Promise.race([close(), systemClock.sleep(SHUTDOWN_TIMEOUT_MS)]).catch((error: unknown) =>
    say(`bug      ${asVmrigError(error).message}`),
  );
  await rm(orders.socket, { force: true });
  process.exit();
};
for (const event of ["end", "close", "error"] as const) process.stdin.on(event, () => void leave());
process.stdin.resume();
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => void leave());
// A terminal's Ctrl-C is for the runner; it closes the pipe when it is done.
process.on("SIGINT", () => {});
process.on("uncaughtException", (error) => {
  say(`bug      ${asVmrigError(error).message}`);
  process.exitCode = 1;
  void leave();
});

const open = async () => {
  const [{ loadConfig }, { openFolders }, { openGate }, { rememberCopies }] = await Promise.all([
    import("../config/load.ts"),
    import("../config/folders.ts"),
    import("./open-gate.ts"),
    import("./copies/known-copies.ts"),
  ]);
  const { config, holder, maxCopies } = orders;
  neededByHints = await neededConfig(config, process.cwd());
  const [{ rig }, folders] = await Promise.all([loadConfig(config), openFolders()]);
  // The note only saves time: a cache that is not writable is no reason to fail.
  await rememberCopies(folders, config, rig.copies).catch(() => {});
  return openGate({ rig, folders, holder, say, ...(maxCopies !== undefined && { maxCopies }) });
};

// The error handlers come first: a config is foreign code and may fail in any way.
const gate = open();
gate.then(
  (value) => (opened = value),
  () => {
    // The reply to every request is this error.
  },
);
server = await serveGate(orders.socket, gate, (error) => withConfigInHint(error, neededByHints));
await sweepDeadSockets(dirname(orders.socket), systemClock.wall());
