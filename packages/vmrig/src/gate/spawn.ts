import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Socket } from "node:net";
import { hostname } from "node:os";
import { basename, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../clock/clock.ts";
import { openFolders } from "../config/folders.ts";
import { ownName } from "../lease/own-name.ts";
import { describeThrown } from "../errors/thrown.ts";
import type { GateOrders } from "./orders.ts";

export interface SpawnGateOptions {
  /** Absolute path of the config. */
  readonly config: string;
  /** What runs, as others in line see it. @defaultValue this process' own command line */
  readonly command?: string;
  /** Gets the gate's lines. */
  readonly onLine: (line: string) => void;
  /** The gate ended although nobody closed it. */
  readonly onDeath?: (how: string) => void;
}

/** The gate of one run. It ends when this process does, however that happens. */
export interface GateProcess {
  /** Where workers reach it. */
  readonly socket: string;
  readonly pid: number | undefined;
  /** Releases everything; resolves when the process is gone. */
  close(): Promise<void>;
}

const DRAIN_MS = 500;

/** Beside this file, and of its kind: Node.js runs TypeScript by itself where vmrig is developed. */
const MAIN = fileURLToPath(new URL(`./main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));

/** Starts the gate and does not wait for it: it gets ready while the runner starts its workers. */
export async function spawnGate(options: SpawnGateOptions): Promise<GateProcess> {
  const folders = await openFolders();
  const session = randomBytes(4).toString("hex");
  const socket = join(folders.runtime, `gate-${session}`);
  const holder = { who: ownName(), host: hostname(), command: options.command ?? ownCommand(), session };
  const orders: GateOrders = { socket, config: options.config, holder };
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
    if (!closing) options.onDeath?.(how);
  });
  // Neither the process nor its pipes keep the runner alive.
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  return {
    socket,
    pid: child.pid,
    async close() {
      closing = true;
      child.ref();
      child.stdin.end();
      await exited;
      // Its last lines. Not for long: what it started may have inherited the pipe.
      const enough = new AbortController();
      await Promise.race([drained, systemClock.sleep(DRAIN_MS, enough.signal).catch(() => {})]);
      enough.abort();
    },
  };
}

/** Not every user of a container has a name. */
function ownCommand(): string {
  const [, script = "", ...rest] = process.argv;
  return [basename(script).replace(/\.[cm]?js$/, ""), ...rest].join(" ");
}
