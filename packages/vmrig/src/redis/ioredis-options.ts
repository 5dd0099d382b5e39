import type { RedisOptions } from "ioredis";

/**
 * Options of every connection to Redis: reconnects for ever, with pauses that grow to 2 s, until
 * the connection is closed.
 */
export const REDIAL = {
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
export function failFast(commandTimeoutMs: number): typeof REDIAL & RedisOptions {
  return {
    ...REDIAL,
    commandTimeout: commandTimeoutMs,
    socketTimeout: commandTimeoutMs * 2.5,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  };
}

/**
 * ioredis 6 under `exactOptionalPropertyTypes`: the RedisOptions of ioredis do not fit its
 * constructor because of `replyMapping`.
 */
export function ioredisOptions(options: RedisOptions): Omit<RedisOptions, "replyMapping"> {
  return options;
}
