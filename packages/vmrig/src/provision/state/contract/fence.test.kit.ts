import { expect } from "vitest";
import {
  newCopy,
  opened,
  write,
  type ContractCase,
  type StoreHarness,
} from "./harness.test.kit.ts";

export function fenceCases(harness: StoreHarness): readonly ContractCase[] {
  return [
    {
      title:
        "after a takeover a write with the smaller fence is refused, although nothing was written",
      async run() {
        const [old, next] = [await opened(harness), await opened(harness)];
        const copy = newCopy();
        await old.claim(copy, 10);
        await old.write(copy, write(0, 10));
        await next.claim(copy, 11);
        expect(await old.write(copy, write(1, 10))).toEqual({ outcome: "fenced", fence: 11 });
        expect((await next.read(copy))?.version).toBe(1);
        expect(await next.write(copy, write(1, 11))).toEqual({ outcome: "written", version: 2 });
      },
    },
    {
      title: "a claim with a smaller fence is refused, and one with the same fence is repeatable",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        await store.claim(copy, 11);
        expect(await store.claim(copy, 10)).toEqual({ outcome: "fenced", fence: 11 });
        expect(await store.claim(copy, 11)).toEqual({ outcome: "claimed", current: undefined });
      },
    },
    {
      title: "a write with a larger fence takes over, too",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        await store.claim(copy, 10);
        expect(await store.write(copy, write(0, 12))).toEqual({ outcome: "written", version: 1 });
        expect(await store.write(copy, write(1, 10))).toEqual({ outcome: "fenced", fence: 12 });
        expect(await store.claim(copy, 11)).toEqual({ outcome: "fenced", fence: 12 });
      },
    },
    {
      title: "fences as large as a lease issues them are told apart",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        const fence = 1_800_000_000_000_000; // microseconds since the epoch
        await store.claim(copy, fence + 1);
        expect(await store.claim(copy, fence)).toEqual({ outcome: "fenced", fence: fence + 1 });
        expect(await store.write(copy, write(0, fence + 1))).toMatchObject({ outcome: "written" });
        expect((await store.read(copy))?.fence).toBe(fence + 1);
      },
    },
    {
      title:
        "of a takeover and a write that race, the write is either part of the claim or refused",
      async run() {
        const [old, next] = [await opened(harness), await opened(harness)];
        for (let round = 0; round < 10; round += 1) {
          const copy = newCopy();
          await old.claim(copy, 10);
          const [written, claimed] = await Promise.all([
            old.write(copy, write(0, 10)),
            next.claim(copy, 11),
          ]);
          const seen = claimed.outcome === "claimed" ? (claimed.current?.version ?? 0) : -1;
          expect([written.outcome, seen]).toEqual(
            written.outcome === "written" ? ["written", 1] : ["fenced", expect.any(Number)],
          );
          expect(await next.write(copy, write(seen, 11))).toMatchObject({ outcome: "written" });
        }
      },
    },
  ];
}
