import { expect, test } from "vitest";
import { oneAtATime } from "./turn.ts";

const never = new AbortController().signal;

test("turns come one at a time, in the order of asking", async () => {
  const turn = oneAtATime();
  const events: string[] = [];
  const take = async (name: string): Promise<void> => {
    const done = await turn(never);
    events.push(`${name} begins`);
    await new Promise(setImmediate);
    events.push(`${name} ends`);
    done();
  };
  await Promise.all(["one", "two", "three"].map(take));
  expect(events).toEqual(["one begins", "one ends", "two begins", "two ends", "three begins", "three ends"]);
});

test("whoever gives up while waiting is left out, and those behind keep their place", async () => {
  const turn = oneAtATime();
  const done = await turn(never);
  const giving = new AbortController();
  const second = turn(giving.signal);
  const third = turn(never);
  let thirdBegan = false;
  void third.then(() => (thirdBegan = true));
  const reason = new Error("enough");
  giving.abort(reason);
  await expect(second).rejects.toBe(reason);
  await new Promise(setImmediate);
  expect(thirdBegan).toBe(false);
  done();
  (await third)();
});

test("whoever has given up before gets no turn, also when it is free", async () => {
  const turn = oneAtATime();
  await expect(turn(AbortSignal.abort("gone"))).rejects.toBe("gone");
  (await turn(never))();
});

test("handing a turn on twice hands on one", async () => {
  const turn = oneAtATime();
  const first = await turn(never);
  first();
  first();
  const second = await turn(never);
  let thirdBegan = false;
  const third = turn(never).then((done) => {
    thirdBegan = true;
    return done;
  });
  first();
  await new Promise(setImmediate);
  expect(thirdBegan).toBe(false);
  second();
  (await third)();
});
