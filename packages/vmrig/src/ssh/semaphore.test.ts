import { expect, test } from "vitest";
import { createSemaphore } from "./semaphore.ts";

test("lets no more in than the limit, in the order in which they came", async () => {
  const turns = createSemaphore(2);
  const first = await turns.take();
  await turns.take();
  const order: string[] = [];
  const third = turns.take().then((giveBack) => (order.push("third"), giveBack));
  const fourth = turns.take().then((giveBack) => (order.push("fourth"), giveBack));
  await Promise.resolve();
  expect(order).toEqual([]);

  first();
  (await third)();
  await fourth;
  expect(order).toEqual(["third", "fourth"]);
});

test("a turn is given back once, however often", async () => {
  const turns = createSemaphore(1);
  const giveBack = await turns.take();
  giveBack();
  giveBack();
  await turns.take();
  const waiting = new AbortController();
  const third = turns.take(waiting.signal);
  waiting.abort(new Error("gave up"));
  await expect(third).rejects.toThrow("gave up");
});

test("who gives up in line loses only his own place", async () => {
  const turns = createSemaphore(1);
  const giveBack = await turns.take();
  const impatient = new AbortController();
  const second = turns.take(impatient.signal);
  const third = turns.take();
  impatient.abort(new Error("gave up"));
  await expect(second).rejects.toThrow("gave up");
  giveBack();
  await expect(third).resolves.toBeTypeOf("function");
});
