import { expect } from "vitest";
import { KEPT_VERSIONS } from "../state-store.ts";
import {
  newCopy,
  opened,
  write,
  type ContractCase,
  type StoreHarness,
} from "./harness.test.kit.ts";

export function historyCases(harness: StoreHarness): readonly ContractCase[] {
  return [
    {
      title: `the last ${KEPT_VERSIONS} versions are kept, each with its text and its writer`,
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        const last = KEPT_VERSIONS + 3;
        for (let base = 0; base < last; base += 1)
          await store.write(copy, write(base, 10, { text: `version ${base + 1}` }));
        const history = await store.history(copy);
        expect(history.map(({ version }) => version)).toEqual(
          Array.from({ length: KEPT_VERSIONS }, (_, i) => last - i),
        );
        expect(history[0]).toMatchObject({
          fence: 10,
          summary: `+${last} -0 ~0`,
          by: { who: "alice", session: "session-of-alice" },
          at: 1_700_000_000_000 + last - 1,
        });
        expect(history[0]).not.toHaveProperty("text");
        expect(await store.newestVersion(copy)).toBe(last);
        expect((await store.readVersion(copy, 4))?.text).toBe("version 4");
        expect(await store.readVersion(copy, 3)).toBeUndefined();
        expect(await store.readVersion(copy, last + 1)).toBeUndefined();
      },
    },
    {
      title:
        "a version says which machines an apply may have changed since; without a state the newest version is 0",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        expect(await store.newestVersion(copy)).toBe(0);
        await store.claim(copy, 10);
        expect(await store.newestVersion(copy)).toBe(0);
        await store.write(copy, write(0, 10, { applying: ["pc1", "pc2"], removing: ["pc2"] }));
        expect(await store.read(copy)).toMatchObject({
          applying: ["pc1", "pc2"],
          removing: ["pc2"],
        });
        await store.write(copy, write(1, 10));
        expect((await store.history(copy)).map(({ applying }) => applying)).toEqual([
          [],
          ["pc1", "pc2"],
        ]);
      },
    },
    {
      title: "a writer's name is stored without control characters and secrets",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        const by = {
          who: "al\u001b[31mice\n",
          host: "h",
          command: "x --token=abcdef123456",
          session: "s",
        };
        await store.write(copy, write(0, 10, { by }));
        const [version] = await store.history(copy);
        expect(version?.by.who).toBe("al [31mice");
        expect(version?.by.command).not.toContain("abcdef123456");
      },
    },
  ];
}
