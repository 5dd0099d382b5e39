import { expect } from "vitest";
import { aborted, person } from "./fixtures/holders.ts";
import { PCS, PCS_1, pcs } from "./fixtures/rigs.ts";
import type { Lease } from "./lease.ts";
import type { LeaseStore } from "./lease-store.ts";
import { until } from "./lease.test.kit.ts";

async function renewal(lease: Lease): Promise<void> {
  let last = Number.POSITIVE_INFINITY;
  await until("a renewal", () => {
    lease.assertHeld();
    const rose = lease.remainingMs() > last;
    last = lease.remainingMs();
    return rose;
  });
}

/**
 * Uses every feature of a lease store that changes Redis. A denied command makes a step fail, or
 * adds an entry to the ACL log of Redis.
 */
export async function useAll(leases: LeaseStore): Promise<void> {
  const holder = person("alice");
  const renewed = await leases.acquire(PCS, { holder, ttlMs: 1000, waitForMs: 1000 });
  await renewal(renewed);
  await leases.saveRecord(renewed, { a: 1 });
  await leases.dropRecord(renewed);
  await leases.markUsed(renewed);
  await leases.lastUse(PCS_1);
  const long = { holder, ttlMs: 600_000, waitForMs: 10_000 };
  const handedOn = await leases.acquire(PCS, { ...long, onWait: () => void renewed.release() });
  expect(await leases.record(PCS_1)).toBeUndefined();
  const extra = await leases.acquire({ ...pcs(2), extra: true }, long);
  await leases.view(pcs(2));
  await expect(leases.acquire(PCS, { ...long, waitForMs: 0 })).rejects.toMatchObject({
    code: "RIG_BUSY",
  });
  expect(await leases.tryAcquire(PCS, long)).toBeUndefined();
  await leases.retain(handedOn, { forMs: 60_000, why: "to look" });
  await leases.revoke({ ...PCS_1, fence: handedOn.fence, by: holder });
  await extra.release();
  const cutOff = await leases.acquire(PCS, { ...long, ttlMs: 1000 });
  await leases.revoke({ ...PCS_1, fence: cutOff.fence, by: holder });
  expect(await aborted(cutOff.signal)).toMatchObject({
    details: [expect.stringContaining("released by force")],
  });
}
