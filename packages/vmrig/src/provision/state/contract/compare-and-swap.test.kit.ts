import { expect } from "vitest";
import {
  newCopy,
  opened,
  write,
  type ContractCase,
  type StoreHarness,
} from "./harness.test.kit.ts";

export function compareAndSwapCases(harness: StoreHarness): readonly ContractCase[] {
  return [
    {
      title: "a state that was never written is empty",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        expect(await store.read(copy)).toBeUndefined();
        expect(await store.history(copy)).toEqual([]);
        expect(await store.claim(copy, 10)).toEqual({ outcome: "claimed", current: undefined });
      },
    },
    {
      title: "another store reads exactly what was written, and who wrote it",
      async run() {
        const [one, two] = [await opened(harness), await opened(harness)];
        const copy = newCopy();
        const first = write(0, 10, {
          text: '{\n  "name": "pc1 ☃ \u{1f4be}",\r\n\t"empty": ""}\n\n',
        });
        await one.claim(copy, 10);
        expect(await one.write(copy, first)).toEqual({ outcome: "written", version: 1 });
        const { id, base: _, ...rest } = first;
        const stored = { ...rest, version: 1, write: id };
        expect(await two.read(copy)).toEqual(stored);
        expect(await two.readVersion(copy, 1)).toEqual(stored);
        expect(await two.claim(copy, 11)).toEqual({ outcome: "claimed", current: stored });
      },
    },
    {
      title: "a write that is based on another version is refused, and changes nothing",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        await store.claim(copy, 10);
        await store.write(copy, write(0, 10));
        const second = write(1, 10);
        expect(await store.write(copy, second)).toEqual({ outcome: "written", version: 2 });
        for (const base of [0, 1, 3])
          expect(await store.write(copy, write(base, 10))).toEqual({
            outcome: "conflict",
            version: 2,
          });
        expect((await store.read(copy))?.text).toBe(second.text);
      },
    },
    {
      title: "of eight concurrent writers exactly one wins, in each of five rounds",
      async run() {
        const stores = await Promise.all(Array.from({ length: 4 }, () => opened(harness)));
        const copy = newCopy();
        await stores[0]?.claim(copy, 10);
        for (let base = 0; base < 5; base += 1) {
          const writes = [...stores, ...stores].map((store, i) => {
            const one = write(base, 10, { text: `round ${base}, writer ${i}` });
            return store.write(copy, one).then(({ outcome }) => ({ outcome, text: one.text }));
          });
          const outcomes = await Promise.all(writes);
          const won = outcomes.filter(({ outcome }) => outcome === "written");
          expect(outcomes.filter(({ outcome }) => outcome === "conflict")).toHaveLength(7);
          expect(won.map(({ text }) => text)).toEqual([(await stores[1]?.read(copy))?.text]);
        }
      },
    },
    {
      title: "a write that is repeated is stored once",
      async run() {
        const [one, two] = [await opened(harness), await opened(harness)];
        const copy = newCopy();
        await one.claim(copy, 10);
        const first = write(0, 10);
        for (const store of [one, two, one])
          expect(await store.write(copy, first)).toEqual({ outcome: "written", version: 1 });
        expect(await two.history(copy)).toHaveLength(1);
      },
    },
    {
      title: "states of different copies do not affect each other",
      async run() {
        const store = await opened(harness);
        const { rig } = newCopy();
        const [first, second] = [
          { rig, copy: `${rig}-1` },
          { rig, copy: `${rig}-2` },
        ];
        await store.claim(first, 99);
        await store.write(first, write(0, 99));
        expect(await store.claim(second, 5)).toEqual({ outcome: "claimed", current: undefined });
        expect(await store.write(second, write(0, 5))).toEqual({ outcome: "written", version: 1 });
      },
    },
  ];
}
