import { hostname } from "node:os";
import type { Clock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/driver.ts";
import { asVmrigError } from "../../errors/vmrig-error.ts";
import { subscriber } from "../../redis/connection.ts";
import { DEFAULT_NAMESPACE } from "../../redis/namespace.ts";
import { openLeaseStore } from "../../lease/open-lease-store.ts";
import { ownName } from "../../lease/own-name.ts";
import type { RedisAddress } from "../../redis/address.ts";
import { failure } from "./finding.ts";

/** A rig that nobody has: always the same, so that only one counter of fences stays behind. */
const PROBE = "vmrig-doctor";
const WISH = { rig: PROBE, copies: [`${PROBE}-1`] };
const WHAT = "lease";

/** Where leases are kept, as `openLeaseStore` takes it. */
export interface ExaminedStore {
  /** One, or several of which the majority decides. */
  readonly redis: readonly RedisAddress[];
  readonly namespace?: string;
  readonly clock: Clock;
}

function permissions(namespace: string): string {
  return `give its user the rules of docs/guide/shared-redis.md, for keys and channels ${namespace}:*`;
}

/**
 * A lease is handed on without it too, but later.
 *
 * @returns what Redis said, when it did not let us listen and call
 */
async function tryChannel(address: RedisAddress, namespace: string): Promise<string | undefined> {
  const channel = `${namespace}:{${PROBE}}:doctor`;
  const [ear, voice] = [subscriber(address), subscriber(address)];
  try {
    await ear.subscribe(channel);
    await voice.publish(channel, "");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    ear.disconnect();
    voice.disconnect();
  }
}

/**
 * Takes a lease, waits in line for it, and is handed it: all that a run does, and all that an ACL
 * may deny.
 *
 * @param answering those whose channels are tried: of several, a minority may be away
 */
export async function examineLease(
  { redis, namespace = DEFAULT_NAMESPACE, clock }: ExaminedStore,
  answering: readonly RedisAddress[],
): Promise<Finding> {
  const holder = {
    who: ownName(),
    host: hostname(),
    command: "vmrig doctor",
    session: String(process.pid),
  };
  try {
    await using store = await openLeaseStore({ redis, namespace, clock });
    const first = await store.tryAcquire(WISH, { holder, ttlMs: 5_000 });
    if (first === undefined)
      return { what: WHAT, status: "ok", measured: "another vmrig doctor has it right now" };
    let released = clock.monotonic();
    let handing: Promise<void> | undefined;
    const second = await store.acquire(WISH, {
      holder,
      ttlMs: 5_000,
      waitForMs: 15_000,
      onWait: () => {
        if (handing === undefined) released = clock.monotonic();
        handing ??= first.release();
      },
    });
    const took = Math.round(clock.monotonic() - released);
    await handing;
    await second.release();
    const measured = `taken, waited for and handed on in ${took} ms`;
    const deaf = (
      await Promise.all(answering.map((address) => tryChannel(address, namespace)))
    ).find((said) => said !== undefined);
    if (deaf === undefined) return { what: WHAT, status: "ok", measured };
    return {
      what: WHAT,
      status: "warn",
      measured: `${measured}, but whoever waits is not woken up: ${deaf}`,
      fix: permissions(namespace),
    };
  } catch (error) {
    return failure(
      WHAT,
      error,
      asVmrigError(error).message.includes("NOPERM") ? permissions(namespace) : undefined,
    );
  }
}
