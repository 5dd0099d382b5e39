import { randomUUID } from "node:crypto";
import { setIdKey } from "../../../redis/namespace.ts";
import type { LeaseBackend } from "../../lease-backend.ts";
import { describeAddresses, type RedisAddress } from "../../../redis/address.ts";
import { script } from "../../../redis/script.ts";
import { connectServers, type ConnectServersOptions } from "./connect-servers.ts";
import type { Servers } from "./servers.ts";
import { quorumBackend } from "./quorum.ts";

/**
 * Agrees on the id of the set. KEYS the id of the set; ARGV the id to store if there is none, and
 * whether it also replaces a `larger` one or `any`.
 */
const AGREE = script(`
local id = redis.call('GET', KEYS[1])
if not id or ARGV[2] == 'any' or (ARGV[2] == 'larger' and id > ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]); id = ARGV[1] end
return id
`);

/**
 * Connects to several servers and opens a lease backend on them.
 *
 * @throws VmrigError `CONFIG_INVALID` when the number of servers is not 3 or 5, and for one Redis
 *   under two addresses
 * @throws VmrigError `REDIS_UNREACHABLE` when fewer than the majority accept a connection
 */
export async function openQuorum(
  addresses: readonly RedisAddress[],
  options: ConnectServersOptions,
): Promise<LeaseBackend> {
  const { namespace, clock } = options;
  const servers = await connectServers(addresses, options);
  try {
    const id = await agreeOnId(servers, setIdKey(namespace));
    return quorumBackend({
      servers,
      id,
      shown: describeAddresses(addresses, namespace),
      namespace,
      clock,
    });
  } catch (error) {
    servers.close();
    throw error;
  }
}

/**
 * Returns the id that most servers store. If there is none, the smallest id of all wins, so that
 * stores that open at the same time agree.
 */
async function agreeOnId(servers: Servers, key: string): Promise<string> {
  const put = async (id: string, over: "none" | "larger" | "any"): Promise<string[]> =>
    (await servers.ask((server) => server.run(AGREE, [key], [id, over]))).map(({ answer }) =>
      String(answer),
    );
  for (let ids = await put(randomUUID(), "none"); ;) {
    const agreed = ids.find((id) => ids.filter((other) => other === id).length >= servers.majority);
    if (agreed === undefined) {
      ids = await put(ids.sort()[0] as string, "larger");
      continue;
    }
    // Stores the id again on a server that lost its data.
    if (ids.some((id) => id !== agreed)) await put(agreed, "any");
    return agreed;
  }
}
