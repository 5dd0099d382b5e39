import { expect, test } from "vitest";
import type { CurrentHolder } from "../../lease/current-holder.ts";
import type { QueueStatus } from "../../lease/queue-status.ts";
import { rigBusyAtOnce } from "./rig-busy-at-once.ts";

const byAlice: CurrentHolder = {
  copy: "pcs-1",
  holder: { who: "alice", host: "laptop", command: "vitest run", session: "s1" },
  fence: 7,
  heldForMs: 41_000,
  expiresInMs: 20_000,
};
const copies = ["pcs-1", "pcs-2"];
const status: QueueStatus = {
  rig: "pcs",
  copies,
  accept: copies,
  extra: false,
  position: 2,
  waiting: 2,
  waitedMs: 0,
  held: [],
};

test.each([
  [[byAlice], undefined, '"pcs" is busy: held by alice@laptop (vitest run) for 41 s.'],
  [[], undefined, '"pcs" is free, but another run is next in the queue.'],
  [
    [],
    { agoMs: 4000, forMs: 27_000 },
    '"pcs" is busy: Redis restarted 4.0 s ago without persistence, so vmrig grants no lease for another 27 s.',
  ],
])("holders %j, restart %j: %s", (held, restarted, summary) => {
  expect(rigBusyAtOnce({ ...status, held, ...(restarted && { restarted }) }, "fail")).toMatchObject(
    {
      code: "RIG_BUSY",
      summary,
      hint: expect.stringContaining('`lease.onBusy` is "fail"') as string,
    },
  );
});
