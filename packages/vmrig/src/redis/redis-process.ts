import { execFile, spawn } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { ping } from "./ping.ts";
import { isProcessRunning } from "../local-files/process-identity.ts";

const START_MS = 10_000;
const STOP_MS = 5000;

/** Program and paths of one server. */
export interface RedisProcess {
  readonly program: string;
  readonly socketPath: string;
  readonly dataFolder: string;
  /** Descriptor that the server inherits: the claim of its folder. */
  readonly keepOpen: number | undefined;
  readonly clock: Clock;
}

export function pidFile(dataFolder: string): string {
  return join(dataFolder, "redis.pid");
}

function logFile(dataFolder: string): string {
  return join(dataFolder, "redis.log");
}

/**
 * Starts a server that outlives this process, and waits until it answers.
 *
 * @throws VmrigError `REDIS_UNREACHABLE` with the end of its log when the server exits early or
 *   does not answer within 10 s
 */
export async function startRedis(server: RedisProcess): Promise<void> {
  const { dataFolder, socketPath, clock } = server;
  const log = openSync(logFile(dataFolder), "a", 0o600);
  const child = spawn(server.program, commandLine(server), {
    cwd: dataFolder,
    detached: true,
    stdio: ["ignore", log, log, server.keepOpen ?? "ignore"],
    // No secret of this run may stay in a process that outlives the run.
    env: { PATH: process.env["PATH"] },
  });
  closeSync(log);
  let ended: string | undefined;
  child.once("error", (error) => (ended = error.message));
  child.once(
    "exit",
    (code, signal) => (ended = signal === null ? `exit code ${code}` : `signal ${signal}`),
  );
  child.unref();
  // Redis writes the same pid a moment later. Without this early write, the next process after a
  // killed starter could not find this server.
  if (child.pid !== undefined)
    writeFileSync(pidFile(dataFolder), `${child.pid}\n`, { mode: 0o600 });
  await waitFor({
    what: "the embedded Redis to answer",
    timeoutMs: START_MS,
    intervalMs: 5,
    clock,
    code: "REDIS_UNREACHABLE",
    hint: `see ${logFile(dataFolder)}`,
    probe: async () => {
      if (ended !== undefined) throw await endedEarly(server, ended);
      const answer = await ping(socketPath);
      return answer === "pong" ? { value: undefined } : { seen: answer };
    },
  });
}

/**
 * Returns the pid of the server that the pid file names, if that server still runs. The server is
 * recognised by its command line, which Redis rewrites to `redis-server unixsocket:<path>`: the pid
 * alone may belong to another process by now.
 */
export async function runningServer({
  dataFolder,
  socketPath,
}: Pick<RedisProcess, "dataFolder" | "socketPath">): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(dataFolder), "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 1 || !isProcessRunning(pid)) return undefined;
  const command = await commandOf(pid);
  return /(redis|valkey)-server/.test(command) && command.includes(socketPath) ? pid : undefined;
}

/**
 * Stops a server that no client can reach any more. Its AOF contains everything that it ever
 * confirmed.
 */
export async function stopRedis(
  server: Pick<RedisProcess, "dataFolder" | "socketPath" | "clock">,
  pid: number,
): Promise<void> {
  process.kill(pid, "SIGTERM");
  await waitFor({
    what: `the old embedded Redis (pid ${pid}) to end`,
    timeoutMs: STOP_MS,
    intervalMs: 10,
    clock: server.clock,
    code: "REDIS_UNREACHABLE",
    hint: `end it manually: kill -9 ${pid}`,
    // Checking the pid would not do: without a parent that reaps orphans (a container without
    // init), the server stays as a zombie for ever.
    probe: async () =>
      (await runningServer(server)) === undefined
        ? { value: undefined }
        : { seen: "still running" },
  });
}

function commandLine({ socketPath, dataFolder }: RedisProcess): string[] {
  const settings: Readonly<Record<string, string>> = {
    port: "0",
    unixsocket: socketPath,
    unixsocketperm: "700",
    dir: dataFolder,
    pidfile: pidFile(dataFolder),
    logfile: logFile(dataFolder),
    appendonly: "yes",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    // Without this setting a snapshot that fails, because the folder was deleted, makes Redis
    // refuse every write from then on.
    save: "",
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function endedEarly({ dataFolder }: RedisProcess, how: string): Promise<VmrigError> {
  const lines = (await tail(logFile(dataFolder))).trim().split("\n").slice(-8);
  return new VmrigError("REDIS_UNREACHABLE", {
    message: `The embedded Redis exited during startup (${how}).`,
    details: lines,
    hint: `if its data is damaged, move ${dataFolder} away: the next run starts with an empty folder`,
  });
}

async function tail(path: string): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(4096),
    0,
    4096,
    Math.max(0, size - 4096),
  );
  return buffer.toString("utf8", 0, bytesRead);
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === "linux")
    return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
  const { stdout } = await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)]).catch(
    () => ({ stdout: "" }),
  );
  return stdout;
}
