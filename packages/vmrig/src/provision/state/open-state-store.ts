import type { Clock } from "../../clock/clock.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { RedisAddress } from "../../redis/address.ts";
import { fileStore } from "./stores/file/file-store.ts";
import { s3OptionsOf } from "./stores/s3/s3-options.ts";
import type { StateOptions } from "./state-options.ts";
import type { StateStore } from "./state-store.ts";

export interface StoreContext {
  /** Printable folder of the store `file`. */
  readonly folder: string;
  /** Folder of a copy in the store `file`. @defaultValue `<folder>/<rig>/<copy>` */
  readonly folderOf?: (copy: CopyName) => string;
  /** The Redis of the leases. */
  readonly redis: RedisAddress | readonly RedisAddress[];
  readonly namespace: string;
  readonly clock: Clock;
  /** Has the credentials of `s3`. @defaultValue the environment of this process */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Opens a store. Loads only the code of this store.
 *
 * @throws VmrigError `CONFIG_INVALID`, `REDIS_UNREACHABLE`
 */
export async function openStateStore(
  options: StateOptions,
  context: StoreContext,
): Promise<StateStore> {
  switch (options.store) {
    case "file":
      return fileStore(context);
    case "redis": {
      const { redisStore } = await import("./stores/redis/redis-store.ts");
      return await redisStore(context);
    }
    case "pg": {
      const { pgStore } = await import("./stores/pg/pg-store.ts");
      const { url, schema } = options;
      return pgStore({ url, clock: context.clock, ...(schema !== undefined && { schema }) });
    }
    case "s3": {
      const { s3Store } = await import("./stores/s3/s3-store.ts");
      const { clock, environment = process.env } = context;
      return s3Store({ ...s3OptionsOf(options), clock, environment });
    }
  }
}
