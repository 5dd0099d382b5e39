import type { LeaseStore } from "../../lease-store.ts";
import { LONG_TIMEOUTS, openStore } from "../../lease.test.kit.ts";
import type { LeaseStoreOptions } from "../../open-lease-store.ts";

/** For servers of which some are dead, which they show immediately, and the others may be slow. */
export const DEAD_SERVERS = { ...LONG_TIMEOUTS, aliveMs: 5000 };

/** Opens a store that is closed at the end of the test, by default for {@link DEAD_SERVERS}. */
export function open(
  redis: LeaseStoreOptions["redis"],
  options: Omit<LeaseStoreOptions, "redis"> = {},
): Promise<LeaseStore> {
  return openStore(redis, { timing: DEAD_SERVERS, ...options });
}
