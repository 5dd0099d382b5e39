import assert from "node:assert/strict";
import type { ContractCase } from "./harness.ts";
import type { TestMachines } from "./test-machines.ts";

/** From machines back to nothing. */
export function endingCases(stage: TestMachines): ContractCase[] {
  const { driver, harness, stack } = stage;

  const absent = async (name: string): Promise<void> => {
    const { machines } = await driver.inspect(harness.copy);
    assert.deepEqual(
      machines.filter((machine) => machine.name === name),
      [{ name, power: "absent", snapshots: [] }],
    );
  };

  return [
    {
      title: "a removed machine is absent; the others are not touched",
      async run() {
        stage.nextLease();
        const others = stage.names.filter((name) => name !== stage.subject);
        const before = await Promise.all(others.map((name) => stage.status(name)));
        await driver.remove(stage.ref(stage.subject), stage.authority());
        await absent(stage.subject);
        assert.deepEqual(await Promise.all(others.map((name) => stage.status(name))), before);
      },
    },
    {
      title: "the destroy steps leave nothing, and succeed where nothing is",
      async run() {
        await stack.destroy();
        for (const name of stage.names) await absent(name);
        assert.deepEqual(await harness.leftovers(), []);
        await stack.destroy();
      },
    },
    {
      title: "the create steps work again after that",
      async run() {
        try {
          await stack.create();
          for (const name of stage.names) {
            const { power, owner, snapshots } = await stage.status(name);
            assert.deepEqual(
              { power, owner, snapshots },
              { power: "running", owner: stage.owner, snapshots: [] },
            );
          }
        } finally {
          await stack.destroy();
        }
        assert.deepEqual(await harness.leftovers(), []);
      },
    },
  ];
}
