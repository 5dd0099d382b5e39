import { randomUUID } from "node:crypto";
import { Redis, type RedisOptions } from "ioredis";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { DEFAULT_NAMESPACE, idKey } from "./namespace.ts";
import { describeAddresses, dialOptions, type RedisAddress } from "./address.ts";
import { script, type Script } from "./script.ts";
import { tlsHint } from "./tls-hint.ts";

/**
 * Runs once when the connection opens, so that missing credentials and permissions show
 * immediately. KEYS id; ARGV the id to store if there is none.
 */
const HELLO = script(`redis.call('SET', KEYS[1], ARGV[1], 'NX') return redis.call('GET', KEYS[1])`);
const DIAL_MS = 5000;
const ASK_MS = 3000;
const UNREACHABLE_HINT = "check that Redis runs and is reachable from here";

/**
 * Options of every connection to Redis: reconnects for ever, with pauses that grow to 2 s, until
 * the connection is closed.
 */
const REDIAL = {
  connectTimeout: 3000,
  disconnectTimeout: 200,
  lazyConnect: true,
  disableClientInfo: true,
  // The ready check sends INFO, which an ACL may deny: ioredis then writes to stderr. A server that
  // is still loading its data rejects each command with LOADING.
  enableReadyCheck: false,
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2000),
} satisfies RedisOptions;

/**
 * Without these options a command to an unresponsive server never settles, or runs long after its
 * caller gave up.
 */
function failFast(commandTimeoutMs: number): typeof REDIAL & RedisOptions {
  return {
    ...REDIAL,
    commandTimeout: commandTimeoutMs,
    socketTimeout: commandTimeoutMs * 2.5,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  };
}

/** Connection to Redis. Every command settles within the command timeout. */
export class RedisConnection {
  readonly redis: Redis;
  /** Printable address, without credentials. */
  readonly shown: string;
  readonly #clock: Clock;

  constructor(redis: Redis, { shown, clock }: { readonly shown: string; readonly clock: Clock }) {
    this.redis = redis;
    this.shown = shown;
    this.#clock = clock;
  }

  /**
   * Runs a script once.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`. The message summarises the cause, because the errors of
   *   ioredis contain keys, values and options
   */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[] = [],
  ): Promise<unknown> {
    try {
      return await evaluate(this.redis, script, keys, args);
    } catch (error) {
      throw unanswered(this.shown, error);
    }
  }

  /**
   * Like {@link RedisConnection.run}, for scripts that may run twice: retries for up to 3 s, to
   * bridge a reconnect.
   */
  async ask(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[] = [],
  ): Promise<unknown> {
    const probe = (): Promise<Observation<unknown>> =>
      this.run(script, keys, args).then(
        (value) => ({ value }),
        (error: VmrigError) => ({ seen: error.summary }),
      );
    return waitFor({
      what: "an answer of Redis",
      timeoutMs: ASK_MS,
      intervalMs: 50,
      code: "REDIS_UNREACHABLE",
      hint: UNREACHABLE_HINT,
      clock: this.#clock,
      probe,
    });
  }

  close(): void {
    this.redis.disconnect();
  }
}

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
    ioredisOptions({ ...failFast(options.commandTimeoutMs), ...dialOptions(address) }),
  );
  return {
    connection: new RedisConnection(redis, { shown, clock }),
    opened: open(redis, { shown, namespace, clock }),
  };
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
        .then(() => greet(redis, { namespace, clock, onLoading: (error) => (last = error) })),
      clock.sleep(DIAL_MS, settled.signal).then(() => Promise.reject(new Error("no answer"))),
    ]);
    return String(id);
  } catch (error) {
    const measured = ((clock.monotonic() - start) / 1000).toFixed(1);
    const fault = last ?? (error as Error);
    throw new VmrigError("REDIS_UNREACHABLE", {
      message: `Could not connect to Redis at ${shown} after ${measured} s: ${fault.message.trim()}.`,
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
    return `grant the Redis user the ACL rules of docs/guide/shared-redis.md, for keys and channels ${namespace}:*`;
  }
  const hint = shown.startsWith("rediss:") ? tlsHint(fault) : undefined;
  return (
    hint ??
    "check the address and credentials in VMRIG_REDIS_URL, and that Redis runs and is reachable from here"
  );
}

/**
 * Waits until the server has loaded its append-only file. A server that was just started rejects
 * all other commands until then.
 *
 * @returns id of the server
 */
function greet(
  redis: Redis,
  {
    namespace,
    clock,
    onLoading,
  }: {
    readonly namespace: string;
    readonly clock: Clock;
    readonly onLoading: (error: Error) => void;
  },
): Promise<unknown> {
  const probe = (): Promise<Observation<unknown>> =>
    evaluate(redis, HELLO, [idKey(namespace)], [randomUUID()]).then(
      (value) => ({ value }),
      (error: Error) => {
        if (!error.message.startsWith("LOADING")) throw error;
        onLoading(error);
        return { seen: error.message };
      },
    );
  return waitFor({
    what: "Redis to load its data",
    timeoutMs: DIAL_MS,
    intervalMs: 50,
    clock,
    probe,
  });
}

/**
 * Returns a connection for SUBSCRIBE. It waits for the server without a deadline, because no caller
 * waits for it.
 */
export function subscriber(address: RedisAddress): Redis {
  const redis = new Redis(
    ioredisOptions({ ...REDIAL, ...dialOptions(address), maxRetriesPerRequest: null }),
  );
  redis.on("error", () => {});
  return redis;
}

function unanswered(shown: string, error: unknown): VmrigError {
  return new VmrigError("REDIS_UNREACHABLE", {
    message: `Redis at ${shown} gave no answer: ${error instanceof Error ? error.message : String(error)}`,
    hint: UNREACHABLE_HINT,
  });
}

async function evaluate(
  redis: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return await redis.eval(script.lua, keys.length, ...keys, ...args);
  }
}

/**
 * ioredis 6 under `exactOptionalPropertyTypes`: the RedisOptions of ioredis do not fit its
 * constructor because of `replyMapping`.
 */
function ioredisOptions(options: RedisOptions): Omit<RedisOptions, "replyMapping"> {
  return options;
}
