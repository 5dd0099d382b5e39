import { keysOf } from "../../keys.ts";
import type { LeaseBackend } from "../../lease-backend.ts";
import { MARK_USED, markKeys, parseAgo, READ_USED } from "../last-use.ts";
import type { Servers } from "./servers.ts";

/** Returns the functions for the time of the last use. The latest use that a server knows counts. */
export function lastUseOf(
  servers: Servers,
  namespace: string,
): Pick<LeaseBackend, "markUsed" | "lastUse"> {
  return {
    markUsed: (lease) =>
      servers.vote(
        async (server) =>
          (await server.run(MARK_USED, markKeys(namespace, lease), [lease.fence])) === 1,
      ),
    async lastUse(copy) {
      const replies = await servers.askAgain((server) =>
        server.run(READ_USED, [keysOf(namespace, copy).used]),
      );
      const known = replies.flatMap(({ answer }) => parseAgo(answer) ?? []);
      return known.length === 0 ? undefined : Math.min(...known);
    },
  };
}
