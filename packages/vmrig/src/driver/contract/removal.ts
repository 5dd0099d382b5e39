import assert from "node:assert/strict";
import type { ContractCase } from "./harness.ts";
import type { TestMachines } from "./test-machines.ts";

/** Cases about removing and destroying machines. */
export function removalCases(testMachines: TestMachines): ContractCase[] {
  const { driver, harness } = testMachines;

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
        testMachines.nextLease();
        const others = testMachines.names.filter((name) => name !== testMachines.subject);
        const before = await Promise.all(others.map((name) => testMachines.status(name)));
        await driver.remove(testMachines.ref(testMachines.subject), testMachines.authority());
        await absent(testMachines.subject);
        assert.deepEqual(
          await Promise.all(others.map((name) => testMachines.status(name))),
          before,
        );
      },
    },
    {
      title: "the destroy steps leave nothing behind, and succeed when nothing exists",
      async run() {
        await testMachines.destroy();
        for (const name of testMachines.names) await absent(name);
        assert.deepEqual(await harness.leftovers(), []);
        await testMachines.destroy();
      },
    },
    {
      title: "the create steps work again after the destroy steps",
      async run() {
        try {
          await testMachines.create();
          for (const name of testMachines.names) {
            const { power, owner, snapshots } = await testMachines.status(name);
            assert.deepEqual(
              { power, owner, snapshots },
              { power: "running", owner: testMachines.owner, snapshots: [] },
            );
          }
        } finally {
          await testMachines.destroy();
        }
        assert.deepEqual(await harness.leftovers(), []);
      },
    },
  ];
}
