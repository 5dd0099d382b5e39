import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import type { ContractCase } from "./harness.ts";
import { ask, type TestMachines } from "./test-machines.ts";

/** What nobody knows any more. */
export function orphanCases(stage: TestMachines): ContractCase[] {
  const { driver, harness } = stage;
  const { orphans } = driver;
  const { copy } = harness;
  if (orphans === undefined) return [];

  return [
    {
      title:
        "an orphan is listed and removed; machines that are known never are, running, stopped or killed",
      async run() {
        assert(
          harness.orphan !== undefined,
          "the driver finds orphans, and the harness plants none",
        );
        const places = {
          copies: dirname(copy.folder),
          runtime: dirname(copy.runtimeFolder),
          cache: copy.cacheFolder,
        };
        assert.deepEqual(
          [basename(copy.folder), basename(copy.runtimeFolder)],
          [copy.copy, copy.copy],
          "the folders bear another name",
        );
        const list = async (): Promise<readonly string[]> =>
          (await orphans(places))
            .filter((orphan) => orphan.copy === copy.copy)
            .map(({ what }) => what);

        await stage.rewind();
        assert.deepEqual(await list(), [], "a machine that runs is listed");
        const planted = await harness.orphan();
        const found = (await orphans(places)).filter(({ what }) => what.includes(planted.mark));
        assert.equal(found.length, 1, `the orphan is listed ${found.length} times`);
        assert(
          found.every(({ what }) => !what.includes("\n")),
          "the line about it is more than one",
        );
        assert.deepEqual(await list(), [], "a machine that runs is listed beside the orphan");
        await Promise.all(found.map((orphan) => orphan.remove()));
        assert.equal(await planted.lives(), false, "it still runs after it was removed");
        await Promise.all(found.map((orphan) => orphan.remove()));
        assert.deepEqual(
          (await orphans(places)).filter(({ what }) => what.includes(planted.mark)),
          [],
        );
        for (const name of stage.names) assert.equal(await ask(stage, name, "cat kept"), "kept");

        await harness.kill(await stage.status(stage.subject));
        assert.deepEqual(await list(), [], "a machine that was killed is listed");
        await driver.stop?.(stage.ref(stage.subject), stage.authority());
        assert.deepEqual(await list(), [], "a machine that was stopped is listed");
        await stage.rewind();
      },
    },
  ];
}
