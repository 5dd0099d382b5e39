import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import { Qmp, type QmpEvent } from "./qmp.ts";

const SYSTEMS: Readonly<Record<string, string>> = {
  x64: "qemu-system-x86_64",
  arm64: "qemu-system-aarch64",
};
const MAX_ERROR_CHARACTERS = 4000;

/** Why a machine is off: its guest powered it off or restarted it, or its process was ended. */
export type PowerOff = "guest-off" | "guest-reset" | "ended";

export interface QemuProcess {
  readonly pid: number | undefined;
  readonly qmp: Qmp;
  /** Resolves when the process has ended. */
  readonly off: Promise<PowerOff>;
  hasEnded(): boolean;
  /** Ends the process. */
  kill(): Promise<void>;
}

export interface QemuStart {
  readonly args: readonly string[];
  readonly onEvent?: (event: QmpEvent) => void;
}

/**
 * Starts QEMU. The kernel ends it together with the process that started it, however that one ends.
 *
 * @throws Error with QEMU's own message
 */
export async function startQemu({ args, onEvent }: QemuStart): Promise<QemuProcess> {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", systemProgram(), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let cause: PowerOff = "ended";
  const qmp = new Qmp(child.stdout, child.stdin, (event) => {
    cause = powerOffOf(event) ?? cause;
    onEvent?.(event);
  });
  const errors = lastText(child.stderr);
  const closed = end(child);
  const off = closed.then((why) => {
    qmp.fail(new Error(`QEMU has ended ${why}: ${errors().trim()}`));
    return cause;
  });
  try {
    await qmp.open();
  } catch (error) {
    child.kill("SIGKILL");
    await off;
    throw error;
  }
  return {
    pid: child.pid,
    qmp,
    off,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async kill() {
      child.kill("SIGKILL");
      await off;
    },
  };
}

function systemProgram(): string {
  const program = SYSTEMS[process.arch];
  if (program === undefined) throw new Error(`no QEMU is known for ${process.arch}`);
  return program;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Resolves when all output was read. */
async function end(child: Child): Promise<string> {
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    return code === null ? `by ${signal}` : `with code ${code}`;
  } catch (error) {
    return `before it started (${String(error)})`;
  }
}

function lastText(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text = (text + String(chunk)).slice(-MAX_ERROR_CHARACTERS);
  });
  return () => text;
}

const shutdown = z.object({ guest: z.boolean(), reason: z.string() });

function powerOffOf({ event, data }: QmpEvent): PowerOff | undefined {
  if (event !== "SHUTDOWN") return undefined;
  const { guest, reason } = shutdown.parse(data);
  if (!guest) return "ended";
  return reason === "guest-reset" ? "guest-reset" : "guest-off";
}
