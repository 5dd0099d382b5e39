import { randomUUID } from "node:crypto";
import type { Clock } from "../../../clock/clock.ts";
import { asVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { dial } from "../../../redis/dial.ts";
import type { RedisConnection } from "../../../redis/connection.ts";
import { setIdKey } from "../../../redis/namespace.ts";
import type { LeaseBackend } from "../../lease-backend.ts";
import {
  checkAddresses,
  describeAddresses,
  dialOptions,
  type RedisAddress,
} from "../../../redis/address.ts";
import { script } from "../../../redis/script.ts";
import { Servers } from "./servers.ts";
import { quorumBackend } from "./quorum.ts";

export interface OpenQuorumOptions {
  readonly commandTimeoutMs: number;
  readonly namespace: string;
  readonly clock: Clock;
  readonly onNews?: (line: string) => void;
}

/**
 * Grace period for the remaining servers once a majority is connected. Later ones stay in use: they
 * count when they answer.
 */
const GRACE_MS = 500;

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
  options: OpenQuorumOptions,
): Promise<LeaseBackend> {
  checkAddresses(addresses);
  addresses.forEach(dialOptions); // validates all addresses before the first connection
  const { namespace, clock, onNews } = options;
  const dialled = addresses.map((address) => dial(address, options));
  const servers = new Servers(
    dialled.map(({ connection }) => connection),
    { clock, ...(onNews && { onNews }) },
  );
  try {
    const greetings = dialled.map(async ({ connection, opened }) => ({
      connection,
      id: await opened,
    }));
    refuseTwins(await mostOf(greetings, servers.majority, clock));
    for (const { connection, opened } of dialled)
      opened.catch((error: unknown) =>
        servers.note({ server: connection, fault: asVmrigError(error) }),
      );
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

/** Waits for a majority of the attempts. @throws VmrigError `REDIS_UNREACHABLE` */
async function mostOf<T>(
  attempts: readonly Promise<T>[],
  majority: number,
  clock: Clock,
): Promise<readonly T[]> {
  const values = new Map<number, T>();
  const faults = new Map<number, VmrigError>();
  const over = new AbortController();
  const most = new Promise<void>((resolve) => {
    attempts.forEach((attempt, i) => {
      attempt.then(
        (value) => values.set(i, value).size === majority && resolve(),
        (error: unknown) => void faults.set(i, asVmrigError(error)),
      );
    });
  });
  await Promise.race([
    Promise.allSettled(attempts),
    most.then(() => clock.sleep(GRACE_MS, over.signal)),
  ]);
  over.abort();
  if (values.size >= majority) return [...values.values()];
  const inOrder = [...faults].sort(([a], [b]) => a - b).map(([, fault]) => fault);
  throw new VmrigError("REDIS_UNREACHABLE", {
    message: `Connected to ${values.size} of ${attempts.length} Redis servers, but a lease needs ${majority}.`,
    details: inOrder.map(({ summary }) => summary),
    hint: inOrder[0]?.hint ?? "check that the servers run and are reachable from here",
  });
}

/**
 * Refuses one server under two addresses. A server with two votes would turn a minority into a
 * majority.
 */
function refuseTwins(
  greeted: readonly { readonly connection: RedisConnection; readonly id: string }[],
): void {
  for (const { connection, id } of greeted) {
    const twin = greeted.find((other) => other.connection !== connection && other.id === id);
    if (twin === undefined) continue;
    throw new VmrigError("CONFIG_INVALID", {
      message: `The same Redis answers at ${connection.shown} and at ${twin.connection.shown}.`,
      hint: "list each server once in `redis.urls`, and only servers that run independently of each other. If you cloned a server, delete the key vmrig:id on the clone",
    });
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
