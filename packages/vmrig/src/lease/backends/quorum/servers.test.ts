import { expect, test } from "vitest";
import { person } from "../../fixtures/holders.ts";
import { PCS } from "../../fixtures/rigs.ts";
import { acquire, locksOf, startServers, until } from "../../lease.test.kit.ts";
import { systemClock } from "../../../clock/clock.ts";
import { RedisConnection } from "../../../redis/connection.ts";
import { open } from "./quorum.test.kit.ts";
import { Servers } from "./servers.ts";

test("a server that restarted without its data has no vote until the forgotten leases have expired", async () => {
  const servers = await startServers(3, { persistence: "none" });
  const reports: string[] = [];
  const leases = await open(servers.address, { onNews: (line) => reports.push(line) });
  const told: string[] = [];
  const first = await leases.acquire(PCS, {
    holder: person("alice"),
    ttlMs: 4000,
    waitForMs: 20_000,
    onWait: ({ restarted }) => told.push(restarted === undefined ? "no" : "restarted"),
  });
  expect(told).toContain("restarted");
  await first.release();
  const restart = async (): Promise<void> => {
    await servers.all[1]?.kill();
    await leases.view(PCS); // notices
    await servers.all[1]?.start();
    await until(
      "its answer",
      async () => (await leases.view(PCS)) && reports.at(-1)?.endsWith("answers again") === true,
    );
  };
  /** Too long for a server that restarted just now, and not for one that did not. */
  const ttlMs = async (): Promise<number> => {
    const [, seconds] =
      /uptime_in_seconds:(\d+)/.exec((await servers.all[2]?.operator.info("server")) ?? "") ?? [];
    return (Number(seconds) - 2) * 1000;
  };
  await restart();
  const second = await acquire(leases, { who: "bob", ttlMs: await ttlMs() });
  expect(await locksOf(servers)).toEqual([true, false, true]);
  await second.release();
  await restart();
  await servers.all[0]?.kill();
  await expect(
    acquire(leases, { who: "carol", ttlMs: await ttlMs(), waitForMs: 0 }),
  ).rejects.toMatchObject({
    code: "RIG_BUSY",
    details: [
      expect.stringContaining("restarted"),
      "free for the next run in the queue",
      "you were 1st of 1 in the queue",
    ],
  });
});

test("a report is made when a server stops answering and when it answers again", async () => {
  const servers = await startServers(3);
  const reports: string[] = [];
  const leases = await open(servers.address, { onNews: (line) => reports.push(line) });
  await servers.all[1]?.kill();
  await leases.view(PCS);
  await servers.all[1]?.start();
  await until("its answer", async () => (await leases.view(PCS)) && reports.length === 2);
  const path = servers.all[1]?.socketPath;
  expect(reports).toEqual([
    expect.stringContaining(
      `2 of 3 servers answer (2 needed): Redis at unix:${path} gave no answer`,
    ),
    `redis    unix:${path} answers again`,
  ]);
  await acquire(leases, { who: "alice" });
  await leases.close();
  expect(reports).toHaveLength(2);
});

test("the error says whether too few servers answered or their answers differ", () => {
  const server = Object.create(RedisConnection.prototype) as RedisConnection;
  const servers = new Servers([server, server, server], { clock: systemClock });
  const ballot = (answer: boolean) => ({ server, answer });
  expect(servers.unanswered([ballot(true)]).summary).toBe(
    "Only 1 of 3 Redis servers answered; 2 are needed.",
  );
  expect(servers.unanswered([ballot(true), ballot(false)]).summary).toBe(
    "Only 2 of 3 Redis servers answered, and their answers differ; 2 equal answers are needed.",
  );
});
