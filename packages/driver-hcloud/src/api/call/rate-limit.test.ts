import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import { quickClock, refusal, startCloud, type Answer, type Cloud } from "./cloud.test.kit.ts";
import { sharedRateLimit, type RateLimit } from "./rate-limit.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");

/** The headers of every reply. `Reset` and `Date` are by the clock of the API. */
const limits = (remaining: number, fullInS = 3_600 - remaining) => ({
  "ratelimit-limit": "3600",
  "ratelimit-remaining": String(remaining),
  "ratelimit-reset": String(NOW / 1_000 + fullInS),
  date: new Date(NOW).toUTCString(),
});

const answered = (remaining: number, fullInS?: number): Answer => ({
  body: {},
  headers: limits(remaining, fullInS),
});

const refused = (fullInS?: number): Answer => ({
  ...(refusal(429, "rate_limit_exceeded") as object),
  headers: limits(0, fullInS),
});

const ask = (client: Client): Promise<unknown> =>
  client.call({ method: "GET", path: "/servers", task: "list the servers" });

test("calls go without a pause while the API has calls left", async () => {
  const cloud = await startCloud((_, index) => answered(100 - index));
  for (let call = 0; call < 5; call++) await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([]);
});

test("a call waits a second when RateLimit-Remaining is 0, because one is given back each second", async () => {
  const cloud = await startCloud(() => answered(0));
  for (let call = 0; call < 3; call++) await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([1_000, 1_000]);
});

test("RateLimit-Limit says how fast calls are given back", async () => {
  const cloud = await startCloud(() => ({
    body: {},
    headers: { ...limits(0), "ratelimit-limit": "7200" },
  }));
  for (let call = 0; call < 2; call++) await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([500]);
});

test("no call waits longer than until RateLimit-Reset", async () => {
  const cloud = await startCloud(() => ({
    body: {},
    headers: { ...limits(0, 5), "ratelimit-limit": "60" }, // one call a minute
  }));
  for (let call = 0; call < 2; call++) await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([5_000]);
});

test("RateLimit-Reset is read by the API's clock, not by this computer's", async () => {
  const wrong = 3_600_000;
  const cloud = await startCloud(() => ({
    body: {},
    headers: {
      ...limits(0),
      "ratelimit-limit": "60",
      "ratelimit-reset": String((NOW - wrong) / 1_000 + 7),
      date: new Date(NOW - wrong).toUTCString(),
    },
  }));
  for (let call = 0; call < 2; call++) await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([7_000]);
});

test("after 429 the pauses grow, up to a minute, until a call is accepted", async () => {
  const cloud = await startCloud((_, index) => (index < 8 ? refused() : answered(10)));
  await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000));
  await ask(cloud.client);
  expect(cloud.clock.pauses).toHaveLength(8);
});

test("Retry-After is ignored, because it is documented nowhere", async () => {
  const cloud = await startCloud((_, index) =>
    index === 0
      ? { ...(refused() as object), headers: { ...limits(0), "retry-after": "50" } }
      : answered(10),
  );
  await ask(cloud.client);
  expect(cloud.clock.pauses).toEqual([1_000]);
});

test("a limit that stays exceeded ends the call, and says who uses it up", async () => {
  const cloud = await startCloud(() => refused());
  await expect(ask(cloud.client)).rejects.toMatchObject({
    code: "CLOUD_REFUSED",
    apiCode: "rate_limit_exceeded",
    hint: expect.stringContaining("all users of the project share"),
  });
});

/** Answers the first call with an empty limit. Returns the pauses of a second client after it. */
async function pausesOfAnother(cloud: Cloud, other: Client): Promise<readonly number[]> {
  await ask(cloud.client);
  await ask(other);
  return cloud.clock.pauses;
}

test("all clients of a token share its limit", async () => {
  const cloud = await startCloud(() => answered(0));
  expect(await pausesOfAnother(cloud, cloud.connect())).toEqual([1_000]);
});

test("another token has another limit", async () => {
  const cloud = await startCloud(() => answered(0));
  expect(await pausesOfAnother(cloud, cloud.connect({ token: randomUUID() }))).toEqual([]);
});

const { signal } = new AbortController();

test("calls that are refused together are one refusal", async () => {
  const clock = quickClock();
  const options = { token: randomUUID(), endpoint: "x" };
  const limit = sharedRateLimit(options, { clock, random: () => 0 });
  const refuseAll = async (calls: number): Promise<void> => {
    const turns = await Promise.all(Array.from({ length: calls }, () => limit.takeTurn(signal)));
    for (const endTurn of turns) endTurn({ rate: undefined, isRefused: true });
  };
  await refuseAll(4);
  await refuseAll(3);
  await limit.takeTurn(signal);
  expect(clock.pauses).toEqual([1_000, 2_000]);
});

test("calls without a reply yet count as made", async () => {
  const clock = quickClock();
  const options = { token: randomUUID(), endpoint: "x" };
  const limit = sharedRateLimit(options, { clock, random: () => 0 });
  const endTurn = await limit.takeTurn(signal);
  endTurn({ rate: { limit: 3_600, remaining: 2, fullInMs: 3_600_000 }, isRefused: false });
  for (let call = 0; call < 3; call++) await limit.takeTurn(signal);
  expect(clock.pauses).toEqual([1_000]);
});

/** A limit that lets one call a second through. */
function scarce(): RateLimit {
  const limit = sharedRateLimit(
    { token: randomUUID(), endpoint: "x" },
    { clock: quickClock(), random: () => 0 },
  );
  const rate = { limit: 3_600, remaining: 0, fullInMs: 3_600_000 };
  return {
    async takeTurn(signal) {
      const endTurn = await limit.takeTurn(signal);
      endTurn({ rate, isRefused: false });
      return endTurn;
    },
  };
}

test("calls get their turns in the order in which they ask", async () => {
  const limit = scarce();
  const order: number[] = [];
  const turn = async (number: number): Promise<void> => {
    await limit.takeTurn(signal);
    order.push(number);
  };
  await Promise.all([1, 2, 3, 4].map(turn));
  expect(order).toEqual([1, 2, 3, 4]);
});

test("a cancelled call leaves the queue, and the next one goes on", async () => {
  const limit = scarce();
  const cancel = new AbortController();
  const reason = new Error("enough");
  const first = limit.takeTurn(signal);
  const cancelled = limit.takeTurn(cancel.signal);
  const next = limit.takeTurn(signal);
  cancel.abort(reason);
  await expect(cancelled).rejects.toBe(reason);
  await expect(Promise.all([first, next])).resolves.toHaveLength(2);
});
