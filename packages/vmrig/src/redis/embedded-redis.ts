import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { connect } from "./dial.ts";
import { EMBEDDED_SOCKET, embeddedRedisIn } from "./embedded-socket.ts";
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
import { fileLockHolder, tryFileLock } from "../local-files/file-lock.ts";
import { claimFolder } from "../local-files/folder-claim.ts";

export interface EmbeddedRedisOptions {
  /**
   * Private folder for the socket. Created with mode 0700. Keep the path short: it counts towards
   * the 103 bytes of a socket path.
   */
  readonly folder: string;
  /**
   * Folder for the append-only file, the log and the pid file of the server. Created with mode
   * 0700. The start lock and the claim of the server are beside it, so that they survive when the
   * folder is deleted.
   */
  readonly dataFolder: string;
  /** Search path for the server program. @defaultValue PATH of this process */
  readonly path?: string;
  readonly clock?: Clock;
}

/** sun_path of sockaddr_un: 104 bytes on macOS, 108 on Linux, with the closing NUL. */
const LONGEST_SOCKET_PATH = 103;
/** File lock of the process that starts or ends the server. */
export const START_LOCK = "redis-start.lock";
const READY_MS = 20_000;
/**
 * How long a server may still need until it listens, when the process that started it was killed.
 */
const BOOT_MS = 1000;

/**
 * Returns the Redis of this user on this computer: reuses a running server, else starts one from
 * PATH. It is a real server that all runs share. It protects against other runs on this computer,
 * not against other computers.
 *
 * The server intentionally outlives the run, idle and small: the next run finds it immediately, and
 * a lease outlives a crash. The server never ends itself. `vmrig down` ends it when no run uses it,
 * without data loss: everything that it confirmed is in its append-only file.
 *
 * Concurrent calls start one server. A stale socket, a start lock left by a killed process and a
 * deleted data or socket folder are recovered automatically. Damaged data is reported and left in
 * place. A server whose data folder was deleted keeps working from memory. The first run that finds
 * no other client connected replaces it.
 *
 * The server claims the folder above its data for its PID namespace: from another container with
 * the same folder, it can be neither reached nor seen, and two servers would write one append-only
 * file.
 *
 * @throws VmrigError `HOME_SHARED` when the server runs in another container; `REDIS_MISSING`,
 *   `REDIS_UNREACHABLE`, `FOLDER_UNSAFE`, or `CONFIG_INVALID` when a path is too long
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
      const home = dirname(dataFolder);
      using claim = await claimFolder(home, { what: embeddedRedisIn(home) });
      const startLock = join(home, START_LOCK);
      await using lock = await tryFileLock(startLock);
      if (lock === undefined) {
        const starter = await fileLockHolder(startLock);
        return {
          seen: `${starter === undefined ? "another process" : `process ${starter}`} is starting it`,
        };
      }
      // The program is looked up late: a run that finds a server does not need it.
      const server: RedisProcess = {
        program: findRedisServer(options.path),
        socketPath,
        dataFolder,
        keepOpen: claim.fd,
        clock,
      };
      return await reuseOrStart(server, () => lock.isMine());
    },
  });
}

/**
 * Reuses, replaces or starts the server. Runs under the start lock: the state may have changed
 * since the last check, before this process acquired the lock.
 */
async function reuseOrStart(
  server: RedisProcess,
  isMine: () => Promise<boolean>,
): Promise<Observation<{ readonly socketPath: string }>> {
  const { socketPath, dataFolder, clock } = server;
  const answer = await ping(socketPath);
  if (answer === "silent") return { seen: "it accepts connections but does not answer" };
  if (answer === "pong") {
    if ((await hasItsData(dataFolder)) || !(await endIfIdle(server)))
      return { value: { socketPath } };
    return { seen: "its data was deleted; it was stopped and is started again" };
  }
  const orphan = await runningServer(server);
  if (orphan !== undefined) {
    // The socket of this server is gone or does not exist yet. Two servers must never use one data
    // folder.
    const late = await waitFor({
      what: "its socket",
      timeoutMs: BOOT_MS,
      clock,
      probe: () => checkPong(socketPath),
    }).catch(() => false);
    if (late) return { value: { socketPath } };
    await stopRedis(server, orphan);
  }
  if (!(await isMine())) return { seen: "another process took over the start" };
  await startRedis(server);
  return { value: { socketPath } };
}

async function checkPong(socketPath: string): Promise<Observation<boolean>> {
  return (await ping(socketPath)) === "pong" ? { value: true } : { seen: "nothing" };
}

/**
 * Tells whether the data folder is intact. Redis writes its pid file before its first reply:
 * without a pid file the folder was deleted or emptied while the server ran.
 */
function hasItsData(dataFolder: string): Promise<boolean> {
  return stat(pidFile(dataFolder)).then(
    () => true,
    () => false,
  );
}

/**
 * Stops a server whose data folder was deleted, unless other clients are connected: their leases
 * exist only in its memory.
 */
async function endIfIdle({ socketPath, clock }: RedisProcess): Promise<boolean> {
  const connection = await connect({ socketPath }, { commandTimeoutMs: 1500, clock });
  try {
    const clients = String(await connection.redis.client("LIST"))
      .trim()
      .split("\n");
    if (clients.length > 1) return false;
    // SHUTDOWN replies by closing the connection, which rejects the command.
    await connection.redis.shutdown("NOSAVE").catch(() => {});
    return true;
  } finally {
    connection.close();
  }
}

function requireShort(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes <= LONGEST_SOCKET_PATH) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `The socket path of the embedded Redis has ${bytes} bytes, and the maximum is ${LONGEST_SOCKET_PATH}: ${socketPath}`,
    hint: "use a shorter folder, such as one in $XDG_RUNTIME_DIR",
  });
}

function requireUnix(): void {
  if (process.getuid !== undefined) return;
  throw new VmrigError("REDIS_MISSING", {
    message: `An embedded Redis is not supported on ${process.platform}: it needs a unix socket.`,
    hint: "set VMRIG_REDIS_URL to the address of a Redis server",
  });
}
