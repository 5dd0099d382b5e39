import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { hostname, userInfo } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openFolders } from "../config/folders.ts";
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

/** Starts the gate and does not wait for it: it gets ready while the runner starts its workers. */
export async function spawnGate(options: SpawnGateOptions): Promise<GateProcess> {
  const folders = await openFolders();
  const session = randomBytes(4).toString("hex");
  const socket = join(folders.runtime, `gate-${session}`);
  const holder = { who: userInfo().username, host: hostname(), command: options.command ?? ownCommand(), session };
  const orders: GateOrders = { socket, config: options.config, holder };
  const child = spawn(process.execPath, [fileURLToPath(new URL("./main.js", import.meta.url))], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, VMRIG_GATE: JSON.stringify(orders) },
    // Out of the terminal's process group: Ctrl-C and a closing terminal are for the runner.
    detached: true,
  });
  let closing = false;
  createInterface({ input: child.stdout }).on("line", options.onLine);
  createInterface({ input: child.stderr }).on("line", (line) => options.onLine(`gate     ${line}`));
  child.stdin.on("error", () => {});
  const exited = once(child, "exit").then(([code, signal]: unknown[]) => {
    if (!closing) options.onDeath?.(signal === null ? `exit code ${String(code)}` : String(signal));
  });
  // Neither the process nor its pipes keep the runner alive.
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) if ("unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  return {
    socket,
    pid: child.pid,
    async close() {
      closing = true;
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}

function ownCommand(): string {
  const [, script = "", ...rest] = process.argv;
  return [basename(script).replace(/\.[cm]?js$/, ""), ...rest].join(" ");
}
