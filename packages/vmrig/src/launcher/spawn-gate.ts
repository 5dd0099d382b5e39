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
import type { GateClient } from "../protocol/client.ts";
import { GATE_PREFIX } from "../gate/dead-sockets.ts";
import { recallCopies } from "../gate/known-copies.ts";
import { SHUTDOWN_TIMEOUT_MS } from "../protocol/shutdown-timeout.ts";
import type { LaunchOptions } from "../protocol/launch-options.ts";
import { inTime } from "../wait/in-time.ts";

export interface SpawnGateOptions {
  /** Absolute path of the config. */
  readonly config: string;
  /** How many copies the runner can use at once. @defaultValue as many as the config has */
  readonly maxCopies?: number;
  /** What runs, as others in line see it. @defaultValue this process' own command line */
  readonly command?: string;
  /** Gets the gate's lines. */
  readonly onLine: (line: string) => void;
  /** How long the gate gets to release everything, before it is killed. @defaultValue 95000 */
  readonly leaveMs?: number;
  /** The gate ended although nobody closed it. */
  readonly onDeath?: (how: string) => void;
}

/** The gate of one run. It ends when this process does, however that happens. */
export interface GateProcess {
  /** Where workers reach it. */
  readonly socket: string;
  readonly pid: number | undefined;
  /**
   * How many copies the config has, as far as it is known or can be found out; 1 when the config
   * cannot be loaded.
   */
  copies(): Promise<number>;
  /** The runner's own connection. @throws VmrigError `GATE_LOST` when the gate does not listen */
  control(): Promise<GateClient>;
  /** Releases everything; resolves when the process is gone. */
  close(): Promise<void>;
}

const DRAIN_MS = 500;

/**
 * Beside this file, and of its kind: Node.js runs TypeScript by itself where vmrig is developed.
 */
const MAIN = fileURLToPath(
  new URL(`../gate/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/** Starts the gate and does not wait for it: it gets ready while the runner starts its workers. */
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
  const orders: LaunchOptions = {
    socket,
    config,
    holder,
    ...(maxCopies !== undefined && { maxCopies }),
  };
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, VMRIG_GATE: JSON.stringify(orders) },
    // Out of the terminal's process group: Ctrl-C and a closing terminal are for the runner.
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
    // A gate that was killed could not.
    rm(socket, { force: true }).catch(() => {});
    options.onDeath?.(how);
  });
  // Neither the process nor its pipes keep the runner alive.
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr])
    if (pipe instanceof Socket) pipe.unref();
  let connected: Promise<GateClient> | undefined;
  // Loaded late: it brings the checks of all messages along, and most runs do well without it for a
  // while.
  const control = (): Promise<GateClient> =>
    (connected ??= import("../protocol/client.ts").then(({ connectGate }) => connectGate(socket)));
  return {
    socket,
    pid: child.pid,
    async copies() {
      const known = await recallCopies(folders, config);
      if (known !== undefined) return known;
      const client = await control().catch(() => undefined);
      return (await client?.hello().catch(() => undefined))?.copies ?? 1;
    },
    control,
    async close() {
      closing = true;
      connected?.then((client) => client.close()).catch(() => {});
      child.ref();
      child.stdin.end();
      await inTime(exited, {
        timeoutMs: options.leaveMs ?? SHUTDOWN_TIMEOUT_MS + 5_000,
        late: () => new Error("the gate does not leave"),
      }).catch(() => {
        // Kept busy by something that never lets go. Its leases run out by themselves.
        child.kill("SIGKILL");
        return exited;
      });
      // Its last lines. Not for long: what it started may have inherited the pipe.
      await inTime(drained, {
        timeoutMs: DRAIN_MS,
        late: () => new Error("something holds its output"),
      }).catch(() => {});
      // One that was killed could not.
      await rm(socket, { force: true });
    },
  };
}

/** Not every user of a container has a name. */
function ownCommand(): string {
  const [, script = "", ...rest] = process.argv;
  return [basename(script).replace(/\.[cm]?js$/, ""), ...rest].join(" ");
}
