import assert from "node:assert/strict";
import type { ContractCase } from "./harness.ts";
import { ask, run, type TestMachines } from "./test-machines.ts";

/** Cases about several machines of one copy. */
export function togetherCases(testMachines: TestMachines): ContractCase[] {
  const { harness } = testMachines;
  const [one, two] = harness.copy.machines;
  if (one === undefined || two === undefined) return [];

  const network: ContractCase = {
    title: "machines reach each other at their LAN addresses, also after a restore",
    async run() {
      await testMachines.restore();
      for (const [from, to] of [
        [one, two],
        [two, one],
      ] as const) {
        await using connection = await testMachines.login(from.name);
        const banner = await run(
          connection,
          `bash -c 'exec 3<>/dev/tcp/${to.lanAddress}/22 && read -r -t 20 line <&3 && echo "$line"'`,
        );
        assert.match(banner, /^SSH-2\.0-/, `${to.name} is not reachable from ${from.name}`);
      }
    },
  };

  return [
    {
      title:
        "machines that are restored at the same moment all work; a restore of one machine does not affect the others",
      async run() {
        await testMachines.restore();
        await Promise.all(
          testMachines.names.map((name) => ask(testMachines, name, "echo dirty > dirty")),
        );
        await testMachines.restore();
        const seen = await Promise.all(
          testMachines.names.map((name) => ask(testMachines, name, "[ ! -e dirty ] && cat kept")),
        );
        assert.deepEqual(
          seen,
          testMachines.names.map(() => "kept"),
        );

        await Promise.all(
          testMachines.names.map((name) => ask(testMachines, name, "echo dirty > dirty")),
        );
        const key = testMachines.key;
        await testMachines.restore(one.name);
        await using other = await testMachines.login(two.name, { key });
        assert.equal(
          await run(other, "cat dirty"),
          "dirty",
          `a restore of ${one.name} changed ${two.name}`,
        );
      },
    },
    ...(harness.lan ? [network] : []),
  ];
}
