import { hostname } from "node:os";
import type { Clock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/finding.ts";
import { asVmrigError } from "../../errors/vmrig-error.ts";
import { subscriber } from "../../redis/subscriber.ts";
import { DEFAULT_NAMESPACE } from "../../redis/namespace.ts";
import { openLeaseStore } from "../../lease/open-lease-store.ts";
import { ownName } from "../../lease/own-name.ts";
import type { RedisAddress } from "../../redis/address.ts";
import { failure } from "./finding.ts";

/** A rig for this check only. Its name is fixed, so that all checks share one fence counter. */
const PROBE = "vmrig-doctor";
const REQUEST = { rig: PROBE, copies: [`${PROBE}-1`] };
const WHAT = "lease";

/** Redis servers and options, as for `openLeaseStore`. */
export interface ExaminedStore {
  /** One Redis, or several that decide by majority. */
  readonly redis: readonly RedisAddress[];
  readonly namespace?: string;
  readonly clock: Clock;
}

function permissions(namespace: string): string {
  return `grant the Redis user the ACL rules in "A Redis for a team" of the docs, for keys and channels ${namespace}:*`;
}

/**
 * Tries to subscribe and publish. Without a channel, a waiting run still gets the lease, but later.
 *
 * @returns the error of Redis if it denied subscribe or publish
 */
async function tryChannel(address: RedisAddress, namespace: string): Promise<string | undefined> {
  const channel = `${namespace}:{${PROBE}}:doctor`;
  const [listener, publisher] = [subscriber(address), subscriber(address)];
  try {
    await listener.subscribe(channel);
    await publisher.publish(channel, "");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    listener.disconnect();
    publisher.disconnect();
  }
}

/**
 * Acquires a lease, waits for it in the queue, and gets it from the first holder. An ACL may deny a
 * run each of these steps.
 *
 * @param answering The servers that answered, a majority. Their channels are tried.
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
    const first = await store.tryAcquire(REQUEST, { holder, ttlMs: 5_000 });
    if (first === undefined)
      return {
        what: WHAT,
        status: "ok",
        measured: "another `vmrig doctor` is checking it right now",
      };
    let released = clock.monotonic();
    let handover: Promise<void> | undefined;
    const second = await store.acquire(REQUEST, {
      holder,
      ttlMs: 5_000,
      waitForMs: 15_000,
      onWait: () => {
        if (handover === undefined) released = clock.monotonic();
        handover ??= first.release();
      },
    });
    const took = Math.round(clock.monotonic() - released);
    await handover;
    await second.release();
    const measured = `acquired, waited for and handed over in ${took} ms`;
    const denied = (
      await Promise.all(answering.map((address) => tryChannel(address, namespace)))
    ).find((reason) => reason !== undefined);
    if (denied === undefined) return { what: WHAT, status: "ok", measured };
    return {
      what: WHAT,
      status: "warn",
      measured: `${measured}, but waiting runs are not notified: ${denied}`,
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
