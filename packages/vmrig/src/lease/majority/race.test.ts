import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { person } from "../fixtures/people.ts";
import { RedisServers } from "../fixtures/redis-servers.ts";
import { PCS } from "../fixtures/rigs.ts";
import type { Ledger, Taken } from "../ledger.ts";
import { checkWish } from "../wish.ts";
import { openSeveral } from "./open.ts";
import { WRITE_FENCE } from "./scripts.ts";

// Real processes on a computer that may be busy: what is waited for has deadlines of its own.
vi.setConfig({ testTimeout: 60_000 });

const OPTIONS = { commandTimeoutMs: 2000, namespace: "vmrig", clock: systemClock };
const FENCE = "vmrig:{pcs}:pcs-1:fence";

function taker(ledger: Ledger, who: string): (attempt: number, ttlMs?: number) => Promise<Taken | undefined> {
  const place = { id: who, wish: checkWish(PCS), holder: person(who), ticket: 0 };
  return (attempt, ttlMs = 30_000) => ledger.take({ ...place, attempt }, "pcs-1", ttlMs);
}

test.each([
  [3, 1],
  [5, 2],
])(
  "of two who race for it, past every line, only one has it, and the fence always grows: %d servers, %d of them out of reach",
  async (count, missing) => {
    await using stack = new AsyncDisposableStack();
    const servers = stack.use(await RedisServers.start(count));
    // As many ways to see the servers as there are to lose the minority in a row.
    const views = await Promise.all(
      servers.all.map(async (_, hidden) => {
        const addresses = servers.all.map(({ socketPath }, i) =>
          (i - hidden + count) % count < missing ? { socketPath: join(tmpdir(), `vmrig-test-nobody-${i}.sock`) } : { socketPath },
        );
        const ledger = await openSeveral(addresses, OPTIONS);
        stack.defer(() => ledger.close());
        return ledger;
      }),
    );
    // Ahead of every clock, so that nothing but what most servers have written down makes it grow.
    await servers.set(FENCE, String((Date.now() + 86_400_000) * 1000));
    const fences: number[] = [];
    let holders = 0;
    let overlaps = 0;
    const race = async (who: string): Promise<void> => {
      for (let attempt = 1; fences.length < 120; attempt++) {
        const view = views[Math.floor(Math.random() * views.length)] as Ledger;
        const taken = await taker(view, who)(attempt);
        if (taken === undefined) {
          await systemClock.sleep(Math.random() * 10);
          continue;
        }
        holders += 1;
        if (holders > 1) overlaps += 1;
        fences.push(taken.fence);
        holders -= 1;
        await taken.lock.release();
      }
    };
    await Promise.all([race("alice"), race("bob")]);
    expect(overlaps).toBe(0);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
  },
);

test("whoever is paused before it writes its fence down, until the lock is somebody else's, gets nothing", async () => {
  await using servers = await RedisServers.start(3);
  const [slow, quick] = [
    await openSeveral(servers.throughNetworks, { ...OPTIONS, commandTimeoutMs: 20_000 }),
    await openSeveral(
      servers.throughNetworks.map((_, i) => ({ socketPath: servers.all[i]?.socketPath ?? "" })),
      OPTIONS,
    ),
  ];
  try {
    const wakeUp = servers.networks.map((network) => network.holdBack(WRITE_FENCE.sha));
    const late = taker(slow, "alice")(1, 1000);
    await waitFor({
      what: "alice between the phases",
      timeoutMs: 10_000,
      intervalMs: 5,
      probe: async () => (servers.networks.every(({ heldBack }) => heldBack === 1) ? { value: 1 } : { seen: "not yet" }),
    });
    const next = await waitFor({
      what: "her lock to run out",
      timeoutMs: 10_000,
      intervalMs: 20,
      probe: async () => {
        const value = await taker(quick, "bob")(1);
        return value === undefined ? { seen: "not yet" } : { value };
      },
    });
    for (const letGo of wakeUp) letGo();
    expect(await late).toBeUndefined();
    for (const { operator } of servers.all) expect(await operator.get(FENCE)).toBe(String(next.fence));
    expect(await next.lock.extend(30_000)).toBe(true);
  } finally {
    slow.close();
    quick.close();
  }
});
