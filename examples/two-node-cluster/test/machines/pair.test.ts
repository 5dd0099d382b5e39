import { expect, setupOnce, test } from "vitest-environment-vmrig";
import type { Machine } from "vmrig";
import { faultsOf, type Written } from "../../src/history.ts";
import { install, statusOf, write } from "../../src/pair.ts";

/** Emulated machines are slow, and a pair always needs six seconds to find a new leader. */
const PATIENCE = { timeout: 60_000, interval: 500 };

// The expensive setup runs once. Each test starts from a checkpoint of both machines.
setupOnce(async ({ pc1, pc2 }) => {
  await Promise.all([install(pc1, pc2), install(pc2, pc1)]);
  await pc1.$`pair found`;
  await expect.poll(() => statusOf(pc2), PATIENCE).toMatchObject({ role: "follower", epoch: 1 });
});

/**
 * Writes to the machines repeatedly until `winner` has accepted a write.
 *
 * @returns all accepted writes
 */
async function writeUntil(winner: Machine, machines: readonly Machine[]): Promise<Written[]> {
  const history: Written[] = [];
  await expect
    .poll(async () => {
      const value = `value-${history.length}-${Date.now()}`;
      const written = await Promise.all(
        machines.map((machine) => write(machine, `${value}-${machine.name}`)),
      );
      history.push(...written.filter((one) => one !== undefined));
      return history.at(-1)?.node;
    }, PATIENCE)
    .toBe(winner.name);
  return history;
}

test("the follower has every write that the leader accepted", async ({ pc1, pc2 }) => {
  expect(await write(pc1, "hello")).toMatchObject({ epoch: 1, seq: 1 });
  expect(await write(pc2, "me-too")).toBeUndefined();
  expect(await statusOf(pc2)).toEqual({ role: "follower", epoch: 1, seq: 1, value: "hello" });
});

test("two partitioned machines never both accept writes, and agree again after the partition", async ({
  pc1,
  pc2,
}) => {
  const history = await writeUntil(pc1, [pc1, pc2]);
  await pc1.block(pc2);
  history.push(...(await writeUntil(pc2, [pc1, pc2])));
  expect((await statusOf(pc1)).role).toBe("suspended");
  await pc1.unblock(pc2);
  await expect.poll(() => statusOf(pc1), PATIENCE).toMatchObject({ role: "follower", epoch: 2 });
  history.push(...(await writeUntil(pc2, [pc1, pc2])));
  expect(faultsOf(history)).toEqual([]);
  expect((await statusOf(pc1)).value).toBe(history.at(-1)?.value);
});

test("a leader without its cable loses the lead, and follows once the cable is plugged in", async ({
  pc1,
  pc2,
}) => {
  await pc1.disconnect();
  const history = await writeUntil(pc2, [pc1, pc2]);
  await pc1.connect();
  await expect
    .poll(() => statusOf(pc1), PATIENCE)
    .toMatchObject({ role: "follower", value: history.at(-1)?.value });
});

test("clocks that are an hour wrong change nothing", async ({ pc1, pc2 }) => {
  await pc1.skewClock("1h");
  await pc2.skewClock("-1h");
  const history = [...(await writeUntil(pc1, [pc1, pc2])), ...(await writeUntil(pc1, [pc1, pc2]))];
  expect(history.map(({ epoch }) => epoch)).toEqual([1, 1]);
  expect(await statusOf(pc2)).toMatchObject({ role: "follower", value: history.at(-1)?.value });
});

test("a killed leader restarts as a follower, and gets the writes that it has missed", async ({
  pc1,
  pc2,
}) => {
  await pc1.root.$`systemctl kill --signal=KILL paird`;
  const [last] = await writeUntil(pc2, [pc2]);
  await expect
    .poll(() => statusOf(pc1).catch(String), PATIENCE)
    .toMatchObject({ role: "follower", epoch: 2, value: last?.value });
});
