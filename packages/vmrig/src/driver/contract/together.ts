import assert from "node:assert/strict";
import type { ContractCase } from "./harness.ts";
import { ask, run, type TestMachines } from "./test-machines.ts";

/** What holds for the machines of a copy together. */
export function togetherCases(stage: TestMachines): ContractCase[] {
  const { harness } = stage;
  const [one, two] = harness.copy.machines;
  if (one === undefined || two === undefined) return [];

  const network: ContractCase = {
    title: "machines reach each other at their LAN addresses, also after a restore",
    async run() {
      await stage.rewind();
      for (const [from, to] of [
        [one, two],
        [two, one],
      ] as const) {
        await using connection = await stage.login(from.name);
        const banner = await run(
          connection,
          `bash -c 'exec 3<>/dev/tcp/${to.lanAddress}/22 && read -r -t 20 line <&3 && echo "$line"'`,
        );
        assert.match(banner, /^SSH-2\.0-/, `${to.name} does not answer ${from.name}`);
      }
    },
  };

  return [
    {
      title:
        "machines that are restored at the same moment all work; a restore of one leaves the others alone",
      async run() {
        await stage.rewind();
        await Promise.all(stage.names.map((name) => ask(stage, name, "echo dirty > dirty")));
        await stage.rewind();
        const seen = await Promise.all(
          stage.names.map((name) => ask(stage, name, "[ ! -e dirty ] && cat kept")),
        );
        assert.deepEqual(
          seen,
          stage.names.map(() => "kept"),
        );

        await Promise.all(stage.names.map((name) => ask(stage, name, "echo dirty > dirty")));
        const key = stage.key;
        await stage.rewind(one.name);
        await using other = await stage.login(two.name, { key });
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
