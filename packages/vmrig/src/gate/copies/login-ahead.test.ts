import { createServer, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { systemClock, type Clock } from "../../clock/clock.ts";
import { startService } from "../../ssh/fixtures/service.test.kit.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { LeasedCopy } from "./leased-copy.ts";
import { createRollbackAhead } from "./rollback-ahead.ts";

/** Starts a machine that accepts connections and never answers. */
async function silent() {
  const calls: Socket[] = [];
  const { port } = await startService(
    createServer((socket) => {
      socket.resume();
      calls.push(socket);
    }),
  );
  const { publicKey: hostKey, privateKey } = generateKeyPair();
  const machines = [
    {
      name: "pc1",
      lanAddress: "10.77.0.11",
      target: { host: "127.0.0.1", port, user: "vmrig", hostKey, privateKey },
    },
  ];
  const lost = new AbortController();
  const lease = { copy: "pcs-1", state: "held", signal: lost.signal };
  return {
    leasedCopy: {
      lease,
      baseline: "0123456789abcdef",
      rollBackAhead: async () => machines,
    } as unknown as LeasedCopy,
    calls,
    lost,
  };
}

/** A clock without timeouts, so that no connection closes because the machine is silent. */
const clockWithoutTimeouts: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms * 1_000, signal),
};
const CLOSED = { timeout: 5_000, interval: 10 };

test("a claim does not wait for a login that is under way: the login is aborted", async () => {
  const { leasedCopy, calls } = await silent();
  const logLines: string[] = [];
  const ahead = createRollbackAhead({
    clock: clockWithoutTimeouts,
    guest: "shell",
    say: (line) => logLines.push(line),
    signal: new AbortController().signal,
  });
  ahead.begin(leasedCopy);
  await vi.waitFor(() => expect(calls).toHaveLength(1), CLOSED);
  expect(ahead.size).toBe(1);

  expect(await ahead.take(leasedCopy)).toMatchObject({
    aheadMs: expect.any(Number),
    machines: [{ name: "pc1" }],
  });

  await vi.waitFor(() => expect(calls[0]?.closed).toBe(true), CLOSED);
  expect([ahead.size, logLines]).toEqual([0, []]);
  expect(await ahead.take(leasedCopy)).toBeUndefined();
});

test.each(["is dropped", "loses its lease", "belongs to a run that ends"])(
  "a login under way is aborted when its copy %s",
  async (how) => {
    const { leasedCopy, calls, lost } = await silent();
    const closing = new AbortController();
    const ahead = createRollbackAhead({
      clock: clockWithoutTimeouts,
      guest: "shell",
      say: () => {},
      signal: closing.signal,
    });
    ahead.begin(leasedCopy);
    await vi.waitFor(() => expect(calls).toHaveLength(1), CLOSED);
    if (how === "is dropped") ahead.drop(leasedCopy);
    else (how === "loses its lease" ? lost : closing).abort(new Error(how));
    await vi.waitFor(() => expect(calls[0]?.closed).toBe(true), CLOSED);
  },
);
