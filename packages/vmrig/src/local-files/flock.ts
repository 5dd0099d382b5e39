import { spawn } from "node:child_process";
import { once } from "node:events";
import { waitFor, type Observation } from "../wait/wait-for.ts";

/**
 * - `busy`: another open file has a lock that excludes this one.
 * - `unsupported`: this system has no `flock` program, or this file system no such locks.
 */
export type FlockResult = "locked" | "busy" | "unsupported";

export interface FlockOptions {
  readonly fd: number;
  readonly kind: "shared" | "exclusive";
  /** Path of the file, for errors. */
  readonly path: string;
  /** How long to try again while the program fails. @defaultValue 25000 */
  readonly timeoutMs?: number;
}

const ATTEMPT_MS = 10_000;
const DEADLINE_MS = 25_000;

/**
 * Tries to lock an open file, or to convert its lock; flock(2) drops the old lock even if it then
 * refuses the new one. The lock belongs to the open file: it lasts until this process and all
 * children that inherited the descriptor have closed it, in whichever PID namespace they run. The
 * kernel releases it when they are killed.
 *
 * Node.js has no such call, and the program of util-linux or BusyBox takes 1.3 ms. A program that
 * fails, such as one that was killed or could not be started, says nothing about the lock.
 *
 * @throws VmrigError `STATE_UNWRITABLE` with the failure when the program fails until the deadline
 */
export async function flock(options: FlockOptions): Promise<FlockResult> {
  const { path, timeoutMs = DEADLINE_MS } = options;
  return await waitFor({
    what: "the program flock",
    on: path,
    timeoutMs,
    code: "STATE_UNWRITABLE",
    hint: `see what \`flock -n ${path} true\` prints`,
    probe: () => tryFlock(options),
  });
}

/** The program does not exist, or no folder of PATH with it is accessible. */
const MISSING = new Set(["ENOENT", "EACCES"]);

async function tryFlock({ fd, kind }: FlockOptions): Promise<Observation<FlockResult>> {
  let printed = "";
  try {
    const child = spawn("flock", ["-n", kind === "shared" ? "-s" : "-x", "3"], {
      stdio: ["ignore", "ignore", "pipe", fd],
      timeout: ATTEMPT_MS,
    });
    // Missing when there was no descriptor left for it.
    child.stderr?.on("data", (data: Buffer) => (printed += data.toString()));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    const value = resultOf(code, printed);
    if (value !== undefined) return { value };
    const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
    return { seen: [how, printed.trim()].filter(Boolean).join(": ") };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return MISSING.has(code) ? { value: "unsupported" } : { seen: message };
  }
}

/**
 * util-linux exits with 1 for a busy lock, and with a code of sysexits.h when the file cannot be
 * locked. BusyBox exits with 1 for both, and prints a reason for the second.
 */
function resultOf(code: number | null, printed: string): FlockResult | undefined {
  if (code === 0) return "locked";
  if (code === 1) return /^flock: /m.test(printed) ? "unsupported" : "busy";
  return code !== null && code >= 64 && code <= 71 ? "unsupported" : undefined;
}
