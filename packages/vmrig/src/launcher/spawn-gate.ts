import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { hostname } from "node:os";
import { basename, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openFolders } from "../config/folders.ts";
import { ownName } from "../lease/own-name.ts";
import { describeThrown } from "../errors/thrown.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import { GATE_PREFIX } from "../gate/dead-sockets.ts";
import { recallCopies } from "../gate/copies/known-copies.ts";
import { SHUTDOWN_TIMEOUT_MS } from "../protocol/shutdown-timeout.ts";
import type { LaunchOptions } from "../protocol/launch-options.ts";
import { inTime } from "../wait/in-time.ts";

export interface SpawnGateOptions {
  /** Absolute path of the config. */
  readonly config: string;
  /**
   * Number of copies that the runner can use at the same time.
   *
   * @defaultValue as many as the config has
   */
  readonly maxCopies?: number;
  /**
   * Command of this run, as other runs in the queue see it.
   *
   * @defaultValue this process' own command line
   */
  readonly command?: string;
  /** Receives the gate's output lines. */
  readonly onLine: (line: string) => void;
  /** Time for the gate to release everything before it is killed. @defaultValue 95000 */
  readonly leaveMs?: number;
  /** Called when the gate ends before {@link GateProcess.close}. */
  readonly onDeath?: (how: string) => void;
}

/** The gate of one run. It ends when this process ends, for any reason. */
export interface GateProcess {
  /** Path of the socket for workers. */
  readonly socket: string;
  readonly pid: number | undefined;
  /** Returns the number of copies of the config; 1 when the config cannot be loaded. */
  copies(): Promise<number>;
  /**
   * Returns the runner's own connection.
   *
   * @throws VmrigError `GATE_LOST` when the gate does not listen
   */
  client(): Promise<GateClient>;
  /** Releases everything. Resolves when the process has exited. */
  close(): Promise<void>;
}

const DRAIN_MS = 500;

/**
 * Path of the gate's entry point, with this file's extension: in vmrig's own repository Node.js
 * runs TypeScript directly.
 */
const MAIN = fileURLToPath(
  new URL(`../gate/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/**
 * Starts the gate and does not wait for it: the gate gets ready while the runner starts its
 * workers.
 */
export async function spawnGate(options: SpawnGateOptions): Promise<GateProcess> {
  const folders = await openFolders();
  const session = randomBytes(4).toString("hex");
  const socket = join(folders.runtime, `${GATE_PREFIX}${session}`);
  const holder = {
    who: ownName(),
    host: hostname(),
    command: options.command ?? ownCommand(),
    session,
  };
  const { config, maxCopies } = options;
  const launchOptions: LaunchOptions = {
    socket,
    config,
    holder,
    ...(maxCopies !== undefined && { maxCopies }),
  };
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, VMRIG_GATE: JSON.stringify(launchOptions) },
    // Outside the terminal's process group: Ctrl-C and a closing terminal are for the runner.
    detached: true,
  });
  let closing = false;
  createInterface({ input: child.stdout }).on("line", options.onLine);
  createInterface({ input: child.stderr }).on("line", (line) => options.onLine(`gate     ${line}`));
  child.stdin.on("error", () => {});
  const drained = once(child, "close").catch(() => {});
  const exited = (once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, signal]: [number | null, NodeJS.Signals | null]) => signal ?? `exit code ${code}`,
    (error: unknown) => `it could not be started: ${describeThrown(error)}`,
  );
  void exited.then((how) => {
    if (closing) return;
    // A killed gate could not remove its socket.
    rm(socket, { force: true }).catch(() => {});
    options.onDeath?.(how);
  });
  // Neither the process nor its pipes keep the runner alive.
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr])
    if (pipe instanceof Socket) pipe.unref();
  let connected: Promise<GateClient> | undefined;
  // Imported late: the client imports the schemas of all messages, and most runs do not need it for
  // a while.
  const connection = (): Promise<GateClient> =>
    (connected ??= import("../protocol/client.ts").then(({ connectGate }) => connectGate(socket)));
  return {
    socket,
    pid: child.pid,
    async copies() {
      const known = await recallCopies(folders, config);
      if (known !== undefined) return known;
      const client = await connection().catch(() => undefined);
      return (await client?.hello().catch(() => undefined))?.copies ?? 1;
    },
    client: connection,
    async close() {
      closing = true;
      connected?.then((client) => client.close()).catch(() => {});
      child.ref();
      child.stdin.end();
      await inTime(exited, {
        timeoutMs: options.leaveMs ?? SHUTDOWN_TIMEOUT_MS + 5_000,
        late: () => new Error("the gate does not exit"),
      }).catch(() => {
        // The gate is blocked for ever. Its leases expire by themselves.
        child.kill("SIGKILL");
        return exited;
      });
      // Reads the gate's last lines, but not for long: a child of the gate may have inherited the
      // pipe.
      await inTime(drained, {
        timeoutMs: DRAIN_MS,
        late: () => new Error("a process keeps the gate's output open"),
      }).catch(() => {});
      // A killed gate could not remove its socket.
      await rm(socket, { force: true });
    },
  };
}

/** Returns the command line of this process, without its folders. */
function ownCommand(): string {
  const [, script = "", ...rest] = process.argv;
  return [basename(script).replace(/\.[cm]?js$/, ""), ...rest].join(" ");
}
