import { expect, test } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { Child } from "./fixtures/child.ts";
import { queueOf, waitForQueue } from "./fixtures/queue.ts";
import { person } from "./fixtures/holders.ts";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import { PCS } from "./fixtures/rigs.ts";
import { openLeaseStore } from "./open-lease-store.ts";

test("of 200 waiters, those of killed processes leave the queue, and the others are served in order", async () => {
  await using stack = new AsyncDisposableStack();
  const servers = stack.use(await RedisServers.start(1));
  const leases = stack.use(
    await openLeaseStore({
      redis: servers.address,
      timing: { commandTimeoutMs: 5000, heartbeatMs: 200, aliveMs: 2000 },
    }),
  );
  const held = await leases.acquire(PCS, {
    holder: person("alice"),
    ttlMs: 600_000,
    waitForMs: 1000,
  });
  const crowds: Child[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    const crowd = stack.use(new Child("lease-process.ts", [servers.socketPaths, "crowd", name]));
    await crowd.says("crowd");
    crowds.push(crowd);
  }
  const everyone = await queueOf(leases);
  expect(everyone).toHaveLength(200);
  for (const i of [0, 2]) crowds[i]?.signal("SIGKILL");
  const living = everyone.filter((who) => /^[bd]/.test(who));
  await waitForQueue(leases, living);
  await held.release();
  const servedOf = (i: number): unknown[] =>
    crowds[i]?.said.flatMap((fact) => ("served" in fact ? [fact["served"]] : [])) ?? [];
  const served = await waitFor({
    what: "all living waiters to be served",
    timeoutMs: 20_000,
    intervalMs: 10,
    probe: () => {
      const all = [...servedOf(1), ...servedOf(3)];
      return Promise.resolve(
        all.length < living.length ? { seen: `${all.length} were served` } : { value: all },
      );
    },
  });
  expect(served).toEqual(living);
});
