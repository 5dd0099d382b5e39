/**
 * The gate's process: `node main.js`, with what it serves as JSON in VMRIG_GATE. It belongs to the
 * runner that started it, by a pipe: when its standard input ends, for whatever reason, it releases
 * everything and leaves. Its standard output is lines for people.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemClock } from "../clock/clock.ts";
import { asVmrigError } from "../errors/vmrig-error.ts";
import { sweepDeadSockets } from "./dead-sockets.ts";
import type { Gate } from "./gate.ts";
import { SHUTDOWN_TIMEOUT_MS } from "../protocol/shutdown-timeout.ts";
import { launchOptions } from "../protocol/launch-options.ts";
import { serveGate, type GateServer } from "./server.ts";

const orders = launchOptions.parse(JSON.parse(process.env["VMRIG_GATE"] ?? "null"));
const say = (line: string): void => {
  // The runner may be gone; then nobody reads, and that is no reason to fail.
  process.stdout.write(`${line}\n`);
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
    // One that is not open yet holds nothing, and a config may take for ever to load.
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
    import("./known-copies.ts"),
  ]);
  const { config, holder, maxCopies } = orders;
  const [{ rig }, folders] = await Promise.all([loadConfig(config), openFolders()]);
  // For speed alone: a cache that cannot be written to is no reason to fail.
  await rememberCopies(folders, config, rig.copies).catch(() => {});
  return openGate({ rig, folders, holder, say, ...(maxCopies !== undefined && { maxCopies }) });
};

// Not before there is somebody who listens to what may go wrong: a config is somebody else's
// program.
const gate = open();
gate.then(
  (value) => (opened = value),
  () => {
    // Whoever asks is told.
  },
);
server = await serveGate(orders.socket, gate);
await sweepDeadSockets(dirname(orders.socket), systemClock.wall());
