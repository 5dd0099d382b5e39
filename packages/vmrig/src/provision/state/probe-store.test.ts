import { expect, test } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import { person } from "../../lease/fixtures/holders.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { probeStore } from "./probe-store.ts";
import type { StateStore } from "./state-store.ts";
import { fileStore } from "./stores/file/file-store.ts";

const options = { by: person("alice"), clock: systemClock };

test("a good store passes, also when the clock of an earlier check was ahead", async () => {
  const store = fileStore({ folder: await tempFolder() });
  const ahead = { ...systemClock, wall: () => systemClock.wall() + 3_600_000 };
  await expect(probeStore(store, { ...options, clock: ahead })).resolves.toBeUndefined();
  await expect(probeStore(store, options)).resolves.toBeUndefined();
});

test.each<[fault: string, faulty: (store: StateStore) => Partial<StateStore>, message: string]>([
  [
    "lets several writers win",
    () => ({ write: async (_, { base }) => ({ outcome: "written", version: base + 1 }) }),
    "Of 5 concurrent writers 5 won",
  ],
  [
    "returns another text",
    (store) => ({
      async read(copy) {
        const state = await store.read(copy);
        return state && { ...state, text: state.text.slice(1) };
      },
    }),
    "returned another text",
  ],
])("a store that %s is refused", async (_, faulty, message) => {
  const store = fileStore({ folder: await tempFolder() });
  const probed = probeStore({ ...store, ...faulty(store) }, options);
  await expect(probed).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(message) as unknown,
  });
});
