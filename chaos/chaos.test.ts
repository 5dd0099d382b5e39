import { expect, test } from "vitest";
import { runChaos, type ChaosOptions } from "./suite.ts";
import type { INJECTED_BUGS } from "./injected-bugs.ts";

/**
 * Runs the suite, and returns its report and its violations and leftovers for the error message.
 */
async function chaos(options: Partial<ChaosOptions>) {
  const said: string[] = [];
  const report = await runChaos({
    seed: 20,
    grants: 60,
    faults: 15,
    copies: 2,
    crowd: 4,
    ttlMs: 1_500,
    say: (line) => said.push(line),
    ...options,
  });
  return { report, said: said.filter((line) => /^(violation|leftover)/.test(line)) };
}

test("no interleaving of runs and faults breaks a promise or leaves anything behind", async () => {
  const { report, said } = await chaos({});
  expect(said).toEqual([]);
  expect(report).toMatchObject({ violations: 0, leftovers: 0 });
  expect(report.grants).toBeGreaterThanOrEqual(60);
  expect(report.faults).toBeGreaterThanOrEqual(15);
});

test.each([
  ["intruder", "violation  exclusive"],
  ["liar", "violation  fenced"],
  ["squatter", "leftover   processes"],
] satisfies [(typeof INJECTED_BUGS)[number], string][])(
  "fails with an injected %s",
  async (bug, accusation) => {
    const { said } = await chaos({ bug, copies: 1, grants: 4, faults: 0, crowd: 2 });
    expect(said.join("\n")).toContain(accusation);
  },
);
