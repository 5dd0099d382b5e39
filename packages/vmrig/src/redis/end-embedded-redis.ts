import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemClock } from "../clock/clock.ts";
import { tryFileLock } from "../local-files/file-lock.ts";
import { connect } from "./dial.ts";
import { START_LOCK, type EmbeddedRedisOptions } from "./embedded-redis.ts";
import { EMBEDDED_SOCKET } from "./embedded-socket.ts";
import { ping } from "./ping.ts";
import { runningServer, stopRedis } from "./redis-process.ts";

/** Name of the socket while the server ends. Not longer than the other one. */
const CLOSED_SOCKET = "end.sock";

/**
 * Ends the embedded Redis, unless another process is connected. Nothing is lost: all data is in the
 * append-only file, and the next run starts the server again.
 *
 * The socket is moved away first, under the start lock. So a run that comes now waits for this lock
 * and then starts the server, and a run that came earlier is among its clients.
 *
 * @returns whether the server ended; not when none runs
 */
export async function endIdleRedis({
  folder,
  dataFolder,
  clock = systemClock,
}: Pick<EmbeddedRedisOptions, "folder" | "dataFolder" | "clock">): Promise<boolean> {
  const socketPath = join(folder, EMBEDDED_SOCKET);
  if ((await ping(socketPath)) !== "pong") return false;
  await using lock = await tryFileLock(join(dirname(dataFolder), START_LOCK));
  const server = { socketPath, dataFolder, clock };
  const pid = await runningServer(server);
  if (lock === undefined || pid === undefined) return false;
  const closed = join(folder, CLOSED_SOCKET);
  await rename(socketPath, closed);
  let isOver = false;
  try {
    if (await hasOtherClients(closed)) return false;
    await stopRedis(server, pid);
    isOver = true;
  } finally {
    await (isOver ? rm(closed, { force: true }) : rename(closed, socketPath));
  }
  return true;
}

async function hasOtherClients(socketPath: string): Promise<boolean> {
  const connection = await connect({ socketPath }, { commandTimeoutMs: 1500 });
  try {
    // Before the second answer, the server has accepted every client that connected before this one.
    await connection.redis.client("LIST");
    const clients = String(await connection.redis.client("LIST"));
    return clients.trim().split("\n").length > 1;
  } finally {
    connection.close();
  }
}
