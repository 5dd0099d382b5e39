import { Redis } from "ioredis";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { DEFAULT_NAMESPACE } from "./namespace.ts";
import { describeAddresses, dialOptions, type RedisAddress } from "./address.ts";
import { RedisConnection } from "./connection.ts";
import { DIAL_MS, greet } from "./greet.ts";
import { failFast, ioredisOptions } from "./ioredis-options.ts";
import { refusalIn } from "./refusal.ts";
import { tlsHint } from "./tls-hint.ts";

/** Connection that has authenticated. */
export interface OpenRedisConnection extends RedisConnection {
  /** UUID stored in Redis. Two servers have different ids, whatever their addresses are. */
  readonly id: string;
}

export interface ConnectOptions {
  readonly commandTimeoutMs: number;
  readonly namespace?: string;
  readonly clock?: Clock;
}

/**
 * Connects to a Redis server.
 *
 * @throws VmrigError `REDIS_UNREACHABLE` when the server cannot be reached, does not answer within
 *   5 s, or rejects the credentials
 */
export async function connect(
  address: RedisAddress,
  options: ConnectOptions,
): Promise<OpenRedisConnection> {
  const { connection, opened } = dial(address, options);
  try {
    return Object.assign(connection, { id: await opened });
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Starts to connect, and reconnects until the connection is closed.
 *
 * @returns `opened` settles with the first attempt: with the id of the server, or with the error
 *   that {@link connect} throws
 */
export function dial(
  address: RedisAddress,
  options: ConnectOptions,
): { readonly connection: RedisConnection; readonly opened: Promise<string> } {
  const { clock = systemClock, namespace = DEFAULT_NAMESPACE } = options;
  const shown = describeAddresses([address], namespace);
  const redis = new Redis(
    ioredisOptions({
      ...failFast(options.commandTimeoutMs),
      ...dialOptions(address),
      reconnectOnError: (error) => connection.readReply(error),
    }),
  );
  const connection = new RedisConnection(redis, { shown, clock });
  return { connection, opened: open(redis, { shown, namespace, clock }) };
}

async function open(
  redis: Redis,
  {
    shown,
    namespace,
    clock,
  }: { readonly shown: string; readonly namespace: string; readonly clock: Clock },
): Promise<string> {
  let last: Error | undefined;
  redis.on("error", (error: Error) => (last = error));
  const start = clock.monotonic();
  const settled = new AbortController();
  try {
    const id = await Promise.race([
      redis
        .connect()
        .then(() => greet(redis, { namespace, clock, onNotReady: (error) => (last = error) })),
      clock.sleep(DIAL_MS, settled.signal).then(() => Promise.reject(new Error("no answer"))),
    ]);
    return String(id);
  } catch (error) {
    const measured = ((clock.monotonic() - start) / 1000).toFixed(1);
    const fault = last ?? (error as Error);
    const why = refusalIn(fault.message)?.reply ?? fault.message.trim();
    throw new VmrigError("REDIS_UNREACHABLE", {
      message: `Could not connect to Redis at ${shown} after ${measured} s: ${why}.`,
      hint: dialHint(fault, { shown, namespace }),
    });
  } finally {
    settled.abort();
  }
}

function dialHint(
  fault: Error,
  { shown, namespace }: { readonly shown: string; readonly namespace: string },
): string {
  if (fault.message.startsWith("NOPERM")) {
    return `grant the Redis user the ACL rules in "A Redis for a team" of the docs, for keys and channels ${namespace}:*`;
  }
  const hint =
    refusalIn(fault.message)?.hint ?? (shown.startsWith("rediss:") ? tlsHint(fault) : undefined);
  return (
    hint ??
    "check the address and credentials in VMRIG_REDIS_URL, and that Redis runs and is reachable from here"
  );
}
