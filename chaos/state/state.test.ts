import { expect, test } from "vitest";
import type { STATE_BUGS } from "./injected-bugs.ts";
import { runStateChaos, type StateChaosOptions } from "./suite.ts";

async function chaos(options: Partial<StateChaosOptions>) {
  const said: string[] = [];
  const report = await runStateChaos({
    seed: 15,
    grants: 60,
    faults: 15,
    copies: 2,
    crowd: 4,
    ttlMs: 2_500,
    say: (line) => said.push(line),
    ...options,
  });
  return { report, said: said.filter((line) => /^(violation|leftover)/.test(line)) };
}

test("no fault of a store, an engine or a gate forks a state or leaves a machine that no state knows", async () => {
  const { report, said } = await chaos({});
  expect(said).toEqual([]);
  expect(report).toMatchObject({ violations: 0, leftovers: 0 });
  expect(report.grants).toBeGreaterThanOrEqual(60);
  expect(report.faults).toBeGreaterThanOrEqual(15);
  expect(report.provisioned).toBeGreaterThan(report.grants / 2);
});

test.each([
  ["late-writer", ["violation  one chain"]],
  ["double", ["violation  recovers", "violation  known", "violation  ends"]],
] satisfies [(typeof STATE_BUGS)[number], string[]][])(
  "fails with an injected %s",
  async (bug, accusations) => {
    const { said } = await chaos({ bug, copies: 1, grants: 3, faults: 0, crowd: 1 });
    for (const accusation of accusations) expect(said.join("\n")).toContain(accusation);
  },
);
