import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { until } from "../until.ts";

/** The suite's own Redis. Its address stays the same after every fault. */
export interface RedisServer extends AsyncDisposable {
  readonly socketPath: string;
  /** Folder of the append-only file, which is never rewritten: it has every change of the data. */
  readonly changes: string;
  /** A connection that bypasses the bad network, as an operator with redis-cli has. */
  readonly operator: Redis;
  /**
   * Kills Redis with `kill -9` and starts it again after a while, with its append-only file or
   * without any data.
   */
  restart(keepData: boolean, downMs?: number): Promise<void>;
  /** Stops the Redis process for this time. */
  pause(): void;
  resume(): void;
}

export async function startRedis(folder: string): Promise<RedisServer> {
  const socketPath = join(folder, "redis.sock");
  const changes = join(folder, "appendonlydir");
  await mkdir(folder);
  const operator = new Redis({
    path: socketPath,
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
  });
  operator.on("error", () => {});
  let child: ChildProcess;

  const start = async (): Promise<void> => {
    const settings = [
      "--port",
      "0",
      "--unixsocket",
      socketPath,
      "--dir",
      folder,
      "--save",
      "",
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
      "--auto-aof-rewrite-percentage",
      "0",
    ];
    child = spawn("redis-server", settings, { stdio: "ignore" });
    child.once("error", () => {});
    // Redis reads its data before it answers.
    if (
      (await until(20_000, async () => ((await operator.ping()) === "PONG" ? true : undefined))) ===
      undefined
    )
      throw new Error("redis-server does not answer");
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };

  await start();
  return {
    socketPath,
    changes,
    operator,
    async restart(keepData, downMs = 0) {
      await kill();
      if (!keepData) await rm(changes, { recursive: true, force: true });
      await sleep(downMs);
      await start();
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      operator.disconnect();
      await kill();
    },
  };
}

/** Returns the names of all keys that match, of every type. */
export async function keysLike(redis: Redis, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", pattern, "COUNT", 1000);
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== "0");
  return [...found].toSorted();
}
