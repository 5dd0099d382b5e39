import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import type { ContractCase } from "./harness.ts";
import { ask, type TestMachines } from "./test-machines.ts";

/** Cases about orphans. */
export function orphanCases(testMachines: TestMachines): ContractCase[] {
  const { driver, harness } = testMachines;
  const { orphans } = driver;
  const { copy } = harness;
  if (orphans === undefined) return [];

  return [
    {
      title:
        "an orphan is listed and removed; known machines are never listed, whether running, stopped or killed",
      async run() {
        assert(
          harness.orphan !== undefined,
          "the driver finds orphans, but the harness cannot start one",
        );
        const folders = {
          copies: dirname(copy.folder),
          runtime: dirname(copy.runtimeFolder),
          cache: copy.cacheFolder,
        };
        assert.deepEqual(
          [basename(copy.folder), basename(copy.runtimeFolder)],
          [copy.copy, copy.copy],
          "the folders have another name",
        );
        const list = async (): Promise<readonly string[]> =>
          (await orphans(folders))
            .filter((orphan) => orphan.copy === copy.copy)
            .map(({ what }) => what);

        await testMachines.restore();
        assert.deepEqual(await list(), [], "a running machine is listed");
        const planted = await harness.orphan();
        const found = (await orphans(folders)).filter(({ what }) => what.includes(planted.mark));
        assert.equal(found.length, 1, `the orphan is listed ${found.length} times`);
        assert(
          found.every(({ what }) => !what.includes("\n")),
          "the description of the orphan has more than one line",
        );
        assert.deepEqual(await list(), [], "a running machine is listed beside the orphan");
        await Promise.all(found.map((orphan) => orphan.remove()));
        assert.equal(await planted.lives(), false, "the orphan still runs after its removal");
        await Promise.all(found.map((orphan) => orphan.remove()));
        assert.deepEqual(
          (await orphans(folders)).filter(({ what }) => what.includes(planted.mark)),
          [],
        );
        for (const name of testMachines.names)
          assert.equal(await ask(testMachines, name, "cat kept"), "kept");

        await harness.kill(await testMachines.status(testMachines.subject));
        assert.deepEqual(await list(), [], "a killed machine is listed");
        await driver.stop?.(testMachines.ref(testMachines.subject), testMachines.authority());
        assert.deepEqual(await list(), [], "a stopped machine is listed");
        await testMachines.restore();
      },
    },
  ];
}
