import { expect, test } from "vitest";
import { createPool, type Pool } from "./pool.ts";

interface Stage {
  readonly pool: Pool<string>;
  readonly refusals: unknown[];
  /** How often one was got. */
  readonly got: () => number;
  /** Each `open` that is under way, in the order of asking. */
  readonly opening: Array<
    PromiseWithResolvers<string> & { readonly extra: boolean; readonly signal: AbortSignal }
  >;
}

function stage(limit: number): Stage {
  const opening: Stage["opening"] = [];
  const refusals: unknown[] = [];
  let free = 0;
  const pool = createPool<string>({
    limit,
    onFree: () => (free += 1),
    onRefused: (error) => refusals.push(error),
    open(extra, signal) {
      const got = { ...Promise.withResolvers<string>(), extra, signal };
      signal.addEventListener("abort", () => got.reject(signal.reason), { once: true });
      opening.push(got);
      return got.promise;
    },
  });
  return { pool, opening, refusals, got: () => free };
}

const FOREVER = new AbortController().signal;
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the first who asks opens the first; the next ones open more, one at a time and up to the limit, as extra ones", async () => {
  const { pool, opening } = stage(2);
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

test("what is given back goes to who has waited longest, and the search for another one ends when nobody needs it", async () => {
  const { pool, opening } = stage(2);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  expect(opening[1]?.signal.aborted).toBe(false);
  pool.give("pcs-1");
  expect(await second).toBe("pcs-1");
  expect(opening[1]?.signal.aborted).toBe(true);
});

test("one that comes although nobody needs it any more is kept for the next", async () => {
  const { pool, opening, got } = stage(1);
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

test("when the first cannot be had, everybody is told why; the next who asks tries again", async () => {
  const { pool, opening } = stage(2);
  const takes = [pool.take(FOREVER), pool.take(FOREVER)];
  const busy = new Error("busy");
  opening[0]?.reject(busy);
  for (const taking of takes) await expect(taking).rejects.toBe(busy);
  expect(pool.quiet).toBe(true);
  const again = pool.take(FOREVER);
  opening[1]?.resolve("pcs-1");
  expect(await again).toBe("pcs-1");
});

test("when an extra one cannot be had, those who wait go on waiting, and it is not tried again before somebody new asks", async () => {
  const { pool, opening, refusals } = stage(3);
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

test("one that was lost is nobody's, and another one is opened for those who wait", async () => {
  const { pool, opening } = stage(1);
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

test("whoever is dismissed is told why; what is held stays", async () => {
  const { pool, opening } = stage(1);
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

test("closing sends everybody home, ends the search, and hands out all there is, taken or not", async () => {
  const { pool, opening } = stage(2);
  const first = pool.take(FOREVER);
  opening[0]?.resolve("pcs-1");
  await first;
  const second = pool.take(FOREVER);
  const closing = pool.close(new Error("closed"));
  await expect(second).rejects.toThrow("closed");
  expect(await closing).toEqual(["pcs-1"]);
  expect(opening[1]?.signal.aborted).toBe(true);
});
