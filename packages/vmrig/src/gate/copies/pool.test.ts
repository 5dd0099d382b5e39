import { expect, test } from "vitest";
import { createPool, type Pool } from "./pool.ts";

interface PoolTest {
  readonly pool: Pool<string>;
  readonly refusals: unknown[];
  /** Returns how many copies arrived. */
  readonly got: () => number;
  /** Each `open` call that is under way, in the order of asking. */
  readonly opening: Array<
    PromiseWithResolvers<string> & {
      readonly extra: boolean;
      readonly signal: AbortSignal;
      readonly onLeased: () => void;
    }
  >;
}

function createTestPool(limit: number): PoolTest {
  const opening: PoolTest["opening"] = [];
  const refusals: unknown[] = [];
  let free = 0;
  const pool = createPool<string>({
    limit,
    onFree: () => (free += 1),
    onRefused: (error) => refusals.push(error),
    open(extra, signal, markLeased) {
      const got = Promise.withResolvers<string>();
      const leaveQueue = (): void => got.reject(signal.reason);
      signal.addEventListener("abort", leaveQueue, { once: true });
      // The signal ends the wait in the queue alone.
      const onLeased = (): void => {
        signal.removeEventListener("abort", leaveQueue);
        markLeased();
      };
      opening.push({ ...got, extra, signal, onLeased });
      return got.promise;
    },
  });
  return { pool, opening, refusals, got: () => free };
}

const FOREVER = new AbortController().signal;
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the first claim opens the first copy; later claims open more, one at a time and up to the limit, as extra copies", async () => {
  const { pool, opening } = createTestPool(2);
  const takes = [pool.take(FOREVER), pool.take(FOREVER), pool.take(FOREVER)];
  expect(opening.map(({ extra }) => extra)).toEqual([false]);
  opening[0]?.resolve("pcs-1");
  expect(await takes[0]).toBe("pcs-1");
  expect(opening.map(({ extra }) => extra)).toEqual([false, true]);
  opening[1]?.resolve("pcs-2");
  expect(await takes[1]).toBe("pcs-2");
  expect(opening).toHaveLength(2);
  pool.give("pcs-2");
  expect(await takes[2]).toBe("pcs-2");
});

test("a released copy goes to the claim that has waited longest, and the search for another copy ends when no claim needs it", async () => {
  const { pool, opening } = createTestPool(2);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  expect(opening[1]?.signal.aborted).toBe(false);
  pool.give("pcs-1");
  expect(await second).toBe("pcs-1");
  expect(opening[1]?.signal.aborted).toBe(true);
});

test("a copy that arrives after its claimant left is held for the next claim", async () => {
  const { pool, opening, got } = createTestPool(1);
  const off = new AbortController();
  const taking = pool.take(off.signal);
  opening[0]?.resolve("pcs-1");
  off.abort(new Error("called off"));
  await expect(taking).rejects.toThrow("called off");
  await settled();
  expect([pool.quiet, got()]).toEqual([true, 1]);
  expect(await pool.take(FOREVER)).toBe("pcs-1");
  expect(opening).toHaveLength(1);
});

test("when the first copy cannot be leased, every waiting claim gets the error; the next claim tries again", async () => {
  const { pool, opening } = createTestPool(2);
  const takes = [pool.take(FOREVER), pool.take(FOREVER)];
  const busy = new Error("busy");
  opening[0]?.reject(busy);
  for (const taking of takes) await expect(taking).rejects.toBe(busy);
  expect(pool.quiet).toBe(true);
  const again = pool.take(FOREVER);
  opening[1]?.resolve("pcs-1");
  expect(await again).toBe("pcs-1");
});

test("when an extra copy cannot be leased, the waiting claims go on waiting, and only a new claim makes the pool try again", async () => {
  const { pool, opening, refusals } = createTestPool(3);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  opening[1]?.reject(new Error("broken"));
  await settled();
  expect(refusals).toEqual([new Error("broken")]);
  expect(opening).toHaveLength(2);
  const third = pool.take(FOREVER);
  expect(opening).toHaveLength(3);
  pool.give("pcs-1");
  expect(await second).toBe("pcs-1");
  opening[2]?.resolve("pcs-3");
  expect(await third).toBe("pcs-3");
});

test("a lost copy is removed, and another copy is opened for the waiting claims", async () => {
  const { pool, opening } = createTestPool(1);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  expect(opening).toHaveLength(1);
  pool.discard("pcs-1");
  pool.give("pcs-1");
  expect(opening.map(({ extra }) => extra)).toEqual([false, false]);
  opening[1]?.resolve("pcs-2");
  expect(await second).toBe("pcs-2");
});

test("a copy that is given up leaves the pool, which leaves the queue first and asks again afterwards", async () => {
  const { pool, opening } = createTestPool(3);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  opening[1]?.resolve("pcs-2");
  await second;
  const third = pool.take(FOREVER);
  const left = Promise.withResolvers<void>();
  let asking: boolean | undefined;
  const leave = (): Promise<void> => {
    asking = opening[2]?.signal.aborted === false;
    return left.promise;
  };
  const givenUp = pool.giveUp("pcs-2", leave, true);
  await settled();
  expect([asking, pool.size, pool.leaving, opening.length]).toEqual([false, 1, 1, 3]);
  left.resolve();
  await givenUp;
  expect([pool.leaving, opening.map(({ extra }) => extra)]).toEqual([0, [false, true, true, true]]);
  opening[3]?.resolve("pcs-3");
  expect(await third).toBe("pcs-3");
});

test("a copy is given up while the machines of another are being made, and those still arrive", async () => {
  const { pool, opening } = createTestPool(3);
  const takes = [pool.take(FOREVER), pool.take(FOREVER), pool.take(FOREVER)];
  opening[0]?.resolve("pcs-1");
  await settled();
  opening[1]?.resolve("pcs-2");
  await settled();
  opening[2]?.onLeased();
  let left = false;
  await pool.giveUp("pcs-2", () => Promise.resolve().then(() => void (left = true)), true);
  expect([left, pool.leaving, pool.size]).toEqual([true, 0, 1]);
  opening[2]?.resolve("pcs-3");
  expect(await takes[2]).toBe("pcs-3");
  expect(pool.size).toBe(2);
});

test("a dismissed claim gets the reason; taken copies stay taken", async () => {
  const { pool, opening } = createTestPool(1);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  pool.dismiss(new Error("over"));
  await expect(second).rejects.toThrow("over");
  pool.give("pcs-1");
  expect(pool.drain()).toEqual(["pcs-1"]);
  expect(pool.size).toBe(0);
});

test("closing rejects all waiting claims, ends the search, and returns all copies, taken or not", async () => {
  const { pool, opening } = createTestPool(2);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  const closing = pool.close(new Error("closed"));
  await expect(second).rejects.toThrow("closed");
  expect(await closing).toEqual(["pcs-1"]);
  expect(opening[1]?.signal.aborted).toBe(true);
});
