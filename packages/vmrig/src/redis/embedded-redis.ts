import { stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { connect } from "./connection.ts";
import { EMBEDDED_SOCKET } from "./embedded-socket.ts";
import { ping } from "./ping.ts";
import { ensurePrivateFolder } from "../local-files/private-folder.ts";
import { findRedisServer } from "./redis-binary.ts";
import {
  pidFile,
  runningServer,
  startRedis,
  stopRedis,
  type RedisProcess,
} from "./redis-process.ts";
import { tryStartLock } from "../local-files/start-lock.ts";

export interface EmbeddedRedisOptions {
  /**
   * A folder of this user for the socket and the start lock; made with mode 0700. Short: its path
   * takes part in the 103 bytes of a socket's.
   */
  readonly folder: string;
  /** Where the server keeps its append-only file, its log and its pid; made with mode 0700. */
  readonly dataFolder: string;
  /** Where to look for the program. @defaultValue PATH of this process */
  readonly path?: string;
  readonly clock?: Clock;
}

/** sun_path of sockaddr_un: 104 bytes on macOS, 108 on Linux, with the closing NUL. */
const LONGEST_SOCKET_PATH = 103;
const READY_MS = 20_000;
/**
 * What a server that was started by somebody who was killed since may still need until it listens.
 */
const BOOT_MS = 1000;

/**
 * The Redis of this user on this computer: reused when it runs, else started from PATH. It is a
 * real server, shared by all runs; it protects against other runs on this computer, not against
 * other computers.
 *
 * The server outlives the run on purpose, idle and small, so that the next run finds it at once and
 * a lease outlives a crash; it never ends itself. `kill $(cat <dataFolder>/redis.pid)` ends it
 * without loss: what it confirmed is in its append-only file.
 *
 * However many call this at once, one server is started. A stale socket, a start lock left by a
 * killed starter and a deleted data or socket folder heal; damaged data does not, it is reported
 * and kept. A server whose data folder was deleted keeps working from memory, and is replaced by
 * the first run that finds nobody else connected.
 *
 * @throws VmrigError `REDIS_MISSING`, `REDIS_UNREACHABLE`, `FOLDER_UNSAFE`, or `CONFIG_INVALID` for
 *   a path that is too long
 */
export async function embeddedRedis(
  options: EmbeddedRedisOptions,
): Promise<{ readonly socketPath: string }> {
  const { folder, dataFolder, clock = systemClock } = options;
  const socketPath = join(folder, EMBEDDED_SOCKET);
  requireShort(socketPath);
  requireUnix();
  await ensurePrivateFolder(folder);
  await ensurePrivateFolder(dataFolder);
  return await waitFor({
    what: "the embedded Redis",
    on: socketPath,
    timeoutMs: READY_MS,
    intervalMs: 20,
    clock,
    code: "REDIS_UNREACHABLE",
    hint: `if it hangs, end it: kill -9 $(cat ${pidFile(dataFolder)})`,
    probe: async () => {
      const answer = await ping(socketPath);
      if (answer === "pong" && (await hasItsData(dataFolder))) return { value: { socketPath } };
      if (answer === "silent") return { seen: "it accepts connections but does not answer" };
      await using lock = await tryStartLock(folder);
      if (lock === undefined) return { seen: "another process is starting it" };
      // The program is looked up late: a warm run does not need it.
      const server = { program: findRedisServer(options.path), socketPath, dataFolder, clock };
      return await heal(server, () => lock.isMine());
    },
  });
}

/** Under the start lock. What the last look saw may have changed before we got it. */
async function heal(
  server: RedisProcess,
  isMine: () => Promise<boolean>,
): Promise<Observation<{ readonly socketPath: string }>> {
  const { socketPath, dataFolder, clock } = server;
  const answer = await ping(socketPath);
  if (answer === "silent") return { seen: "it accepts connections but does not answer" };
  if (answer === "pong") {
    if ((await hasItsData(dataFolder)) || !(await endIfIdle(server)))
      return { value: { socketPath } };
    return { seen: "its data was deleted; it was ended to start anew" };
  }
  const orphan = await runningServer(server);
  if (orphan !== undefined) {
    // Its socket is gone, or is not there yet. Two servers on one data folder must never be.
    const late = await waitFor({
      what: "its socket",
      timeoutMs: BOOT_MS,
      clock,
      probe: () => pong(socketPath),
    }).catch(() => false);
    if (late) return { value: { socketPath } };
    await stopRedis(server, orphan);
  }
  if (!(await isMine())) return { seen: "another process took over the start" };
  await startRedis(server);
  return { value: { socketPath } };
}

async function pong(socketPath: string): Promise<Observation<boolean>> {
  return (await ping(socketPath)) === "pong" ? { value: true } : { seen: "nothing" };
}

/**
 * Redis writes its pid file before it answers for the first time: without one the folder was
 * emptied under it.
 */
function hasItsData(dataFolder: string): Promise<boolean> {
  return stat(pidFile(dataFolder)).then(
    () => true,
    () => false,
  );
}

/**
 * Ends a server that works in a deleted folder, unless somebody uses it: their leases live in its
 * memory alone.
 */
async function endIfIdle({ socketPath, clock }: RedisProcess): Promise<boolean> {
  const connection = await connect({ socketPath }, { commandTimeoutMs: 1500, clock });
  try {
    const clients = String(await connection.redis.client("LIST"))
      .trim()
      .split("\n");
    if (clients.length > 1) return false;
    await connection.redis.shutdown("NOSAVE").catch(() => {}); // its answer is the end of the connection
    return true;
  } finally {
    connection.close();
  }
}

function requireShort(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes <= LONGEST_SOCKET_PATH) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `The path of the embedded Redis' socket has ${bytes} bytes; a socket's may have ${LONGEST_SOCKET_PATH}: ${socketPath}`,
    hint: "use a shorter folder, such as one in $XDG_RUNTIME_DIR",
  });
}

function requireUnix(): void {
  if (process.getuid !== undefined) return;
  throw new VmrigError("REDIS_MISSING", {
    message: `An embedded Redis is not possible on ${process.platform}: it is kept private by a unix socket.`,
    hint: "point VMRIG_REDIS_URL to a Redis",
  });
}
