import { RedisServer } from "../../packages/vmrig/src/redis/fixtures/redis-server.ts";
import type { LeaseStore } from "../../packages/vmrig/src/lease/lease-store.ts";
import { openLeaseStore } from "../../packages/vmrig/src/lease/open-lease-store.ts";

/**
 * Starts a separate Redis for the benchmark, on a unix socket, with an append-only file as vmrig's
 * embedded Redis has.
 */
export function startRedis(): Promise<RedisServer> {
  return RedisServer.start({ persistence: "always" });
}

export function openStore({ socketPath }: RedisServer): Promise<LeaseStore> {
  return openLeaseStore({ redis: { socketPath } });
}

/** A rig with one copy, which all clients request. */
export const REQUEST = { rig: "bench", copies: ["bench-1"] } as const;

export function holderNamed(who: string): {
  who: string;
  host: string;
  command: string;
  session: string;
} {
  return { who, host: "bench", command: "bench", session: who };
}
