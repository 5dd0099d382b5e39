import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../clock/clock.ts";
import { seededRandom } from "../../../seeded-random.test.kit.ts";
import { waitFor } from "../../../wait/wait-for.ts";
import { person } from "../../fixtures/holders.ts";
import type { RedisServers } from "../../../redis/fixtures/redis-servers.ts";
import { PCS } from "../../fixtures/rigs.ts";
import type { LeaseBackend, QueueEntry, GrantedCopy } from "../../lease-backend.ts";
import type { RedisAddress } from "../../../redis/address.ts";
import { checkLeaseRequest } from "../../lease-request.ts";
import { locksOf, startServers, until } from "../../lease.test.kit.ts";
import { openQuorum } from "./open.ts";
import { WRITE_FENCE } from "./scripts.ts";

const OPTIONS = { commandTimeoutMs: 2000, namespace: "vmrig", clock: systemClock };
const FENCE = "vmrig:{pcs}:pcs-1:fence";

const entryOf = (who: string, attempt: number): QueueEntry => ({
  id: who,
  request: checkLeaseRequest(PCS),
  holder: person(who),
  ticket: 0,
  attempt,
});

function taker(
  backend: LeaseBackend,
  who: string,
): (attempt: number, ttlMs?: number) => Promise<GrantedCopy | undefined> {
  return (attempt, ttlMs = 30_000) => backend.take(entryOf(who, attempt), "pcs-1", ttlMs);
}

test.each([
  [3, 1],
  [5, 2],
])(
  "of two clients that race without a queue only one holds the lease, and the fence always grows: %d servers, %d unreachable",
  async (count, missing) => {
    const servers = await startServers(count);
    // One view for each way to lose a minority of neighbouring servers.
    const views = await Promise.all(
      servers.all.map(async (_, hidden) => {
        const addresses = servers.all.map(({ socketPath }, i) =>
          (i - hidden + count) % count < missing
            ? { socketPath: join(tmpdir(), `vmrig-test-missing-${i}.sock`) }
            : { socketPath },
        );
        const backend = await openQuorum(addresses, OPTIONS);
        onTestFinished(() => backend.close());
        return backend;
      }),
    );
    // Ahead of every clock, so that only the values stored on most servers make the fence grow.
    await servers.set(FENCE, String((Date.now() + 86_400_000) * 1000));
    const { below, next } = seededRandom();
    const fences: number[] = [];
    let holders = 0;
    let overlaps = 0;
    const race = async (who: string): Promise<void> => {
      for (let attempt = 1; fences.length < 120; attempt++) {
        const view = views[below(views.length)] as LeaseBackend;
        const taken = await taker(view, who)(attempt);
        if (taken === undefined) {
          await systemClock.sleep(next() * 10);
          continue;
        }
        holders += 1;
        if (holders > 1) overlaps += 1;
        fences.push(taken.fence);
        await systemClock.sleep(next() * 4);
        holders -= 1;
        await taken.lock.release();
      }
    };
    await Promise.all([race("alice"), race("bob")]);
    expect(overlaps).toBe(0);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
  },
);

/** Returns a backend whose fence writes can be held back, and one without delays. */
async function slowAndQuick(commandTimeoutMs = 20_000) {
  const servers = await startServers(3);
  const open = async (
    addresses: readonly RedisAddress[],
    timeoutMs: number,
  ): Promise<LeaseBackend> => {
    const backend = await openQuorum(addresses, { ...OPTIONS, commandTimeoutMs: timeoutMs });
    onTestFinished(() => backend.close());
    return backend;
  };
  const slow = await open(servers.throughNetworks, commandTimeoutMs);
  return {
    servers,
    slow,
    quick: await open(
      servers.all.map(({ socketPath }) => ({ socketPath })),
      2000,
    ),
  };
}

const pausedAt = (networks: RedisServers["networks"]): Promise<void> =>
  until("the slow client to pause between the phases", () =>
    networks.every(({ heldBack }) => heldBack > 0),
  );

test("a client paused before it writes its fence, until another client has the lock, gets nothing", async () => {
  const { servers, slow, quick } = await slowAndQuick();
  const resume = servers.networks.map((network) => network.holdBack(WRITE_FENCE.sha));
  const late = taker(slow, "alice")(1, 1000);
  await pausedAt(servers.networks);
  const next = await waitFor({
    what: "the lock to expire",
    timeoutMs: 10_000,
    intervalMs: 20,
    probe: async () => {
      const value = await taker(quick, "bob")(1);
      return value === undefined ? { seen: "not yet" } : { value };
    },
  });
  for (const resumeOne of resume) resumeOne();
  expect(await late).toBeUndefined();
  const fences = await Promise.all(servers.all.map(({ operator }) => operator.get(FENCE)));
  expect(fences.filter((fence) => fence !== null && fence !== String(next.fence))).toEqual([]);
  expect(await next.lock.extend(30_000)).toBe(true);
});

test("a client paused before it writes its fence, until the lock expires, gets nothing, although the copy is free", async () => {
  const { servers, slow } = await slowAndQuick();
  const resume = servers.networks.map((network) => network.holdBack(WRITE_FENCE.sha));
  const late = taker(slow, "alice")(1, 1000);
  await pausedAt(servers.networks);
  await until("the lock to expire", async () => !(await locksOf(servers)).includes(true));
  for (const resumeOne of resume) resumeOne();
  expect(await late).toBeUndefined();
});

test("a fence that fewer than the majority stored grants no lease, and leaving releases the lock", async () => {
  const { servers, slow, quick } = await slowAndQuick(500);
  const away = servers.networks.slice(1);
  const resume = away.map((network) => network.holdBack(WRITE_FENCE.sha));
  const late = taker(slow, "alice")(1);
  await pausedAt(away);
  expect(await late).toBeUndefined();
  for (const resumeOne of resume) resumeOne();
  await until("the lock to be released", async () => {
    await slow.leave(entryOf("alice", 2));
    return !(await locksOf(servers)).includes(true);
  });
  const next = await taker(quick, "bob")(1);
  expect(next?.fence).toBeGreaterThan(Number(await servers.all[0]?.operator.get(FENCE)) - 1);
});
