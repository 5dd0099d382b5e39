import { randomUUID } from "node:crypto";
import type { Clock } from "../../../clock/clock.ts";
import { asVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { dial, type RedisConnection } from "../../../redis/connection.ts";
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
 * When most have let us in, the others get so long. They are dialled on, and count when they
 * answer.
 */
const GRACE_MS = 500;

/**
 * KEYS the id of the set; ARGV the id that it gets if it has none, and whether it gets it in place
 * of a `larger` one, or of `any`.
 */
const AGREE = script(`
local id = redis.call('GET', KEYS[1])
if not id or ARGV[2] == 'any' or (ARGV[2] == 'larger' and id > ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]); id = ARGV[1] end
return id
`);

/**
 * @throws VmrigError `CONFIG_INVALID` for another number than 3 or 5, and for one Redis under two
 *   addresses
 * @throws VmrigError `REDIS_UNREACHABLE` when less than the majority let us in
 */
export async function openQuorum(
  addresses: readonly RedisAddress[],
  options: OpenQuorumOptions,
): Promise<LeaseBackend> {
  checkAddresses(addresses);
  addresses.forEach(dialOptions); // none of them is dialled while another cannot be
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

/** @throws VmrigError `REDIS_UNREACHABLE` */
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
    message: `${values.size} of ${attempts.length} Redises let us in, and ${majority} must.`,
    details: inOrder.map(({ summary }) => summary),
    hint: inOrder[0]?.hint ?? "check that they run and are reachable from here",
  });
}

/** A server with two votes would make a majority of a minority. */
function refuseTwins(
  greeted: readonly { readonly connection: RedisConnection; readonly id: string }[],
): void {
  for (const { connection, id } of greeted) {
    const twin = greeted.find((other) => other.connection !== connection && other.id === id);
    if (twin === undefined) continue;
    throw new VmrigError("CONFIG_INVALID", {
      message: `The same Redis answers at ${connection.shown} and at ${twin.connection.shown}.`,
      hint: "name servers in `redis.urls` that run independently of each other, each once; one that was copied must lose its key vmrig:id",
    });
  }
}

/**
 * Whatever most of them hold; the smallest of all when that is none, so that whoever opens at the
 * same moment comes to the same.
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
    // One that lost its data learns it again.
    if (ids.some((id) => id !== agreed)) await put(agreed, "any");
    return agreed;
  }
}
