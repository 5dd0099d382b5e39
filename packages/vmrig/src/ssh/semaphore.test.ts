import { expect, test } from "vitest";
import { createSemaphore } from "./semaphore.ts";

test("admits at most `limit` holders, in the order of their calls", async () => {
  const semaphore = createSemaphore(2);
  const first = await semaphore.take();
  await semaphore.take();
  const order: string[] = [];
  const third = semaphore.take().then((release) => (order.push("third"), release));
  const fourth = semaphore.take().then((release) => (order.push("fourth"), release));
  await Promise.resolve();
  expect(order).toEqual([]);

  first();
  (await third)();
  await fourth;
  expect(order).toEqual(["third", "fourth"]);
});

test("releasing a permit twice has no further effect", async () => {
  const semaphore = createSemaphore(1);
  const release = await semaphore.take();
  release();
  release();
  await semaphore.take();
  const waiting = new AbortController();
  const third = semaphore.take(waiting.signal);
  waiting.abort(new Error("gave up"));
  await expect(third).rejects.toThrow("gave up");
});

test("an aborted caller leaves the queue without affecting the others", async () => {
  const semaphore = createSemaphore(1);
  const release = await semaphore.take();
  const impatient = new AbortController();
  const second = semaphore.take(impatient.signal);
  const third = semaphore.take();
  impatient.abort(new Error("gave up"));
  await expect(second).rejects.toThrow("gave up");
  release();
  await expect(third).resolves.toBeTypeOf("function");
});
