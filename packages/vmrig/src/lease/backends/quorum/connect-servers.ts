import type { Clock } from "../../../clock/clock.ts";
import { asVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { checkAddresses, dialOptions, type RedisAddress } from "../../../redis/address.ts";
import type { RedisConnection } from "../../../redis/connection.ts";
import { dial } from "../../../redis/dial.ts";
import { Servers } from "./servers.ts";

export interface ConnectServersOptions {
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
 * Connects to the servers of one store. Later ones stay in use: they count when they answer.
 *
 * @throws VmrigError `CONFIG_INVALID` when the number of servers is not 1, 3 or 5, and for one Redis
 *   under two addresses
 * @throws VmrigError `REDIS_UNREACHABLE` when fewer than the majority accept a connection
 */
export async function connectServers(
  addresses: readonly RedisAddress[],
  options: ConnectServersOptions,
): Promise<Servers> {
  checkAddresses(addresses);
  addresses.forEach(dialOptions); // validates all addresses before the first connection
  const { clock, onNews } = options;
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
    return servers;
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
