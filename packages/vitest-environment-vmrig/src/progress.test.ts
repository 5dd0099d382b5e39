import { afterAll, beforeAll, expect, test } from "vitest";
import { FAKE, openVitestRunner, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

let runner: VitestRunner;
let cold: Run;
let warm: Run;
beforeAll(async () => {
  runner = await openVitestRunner();
  cold = await runner.run(FAKE, ["--project", "others"]);
  warm = await runner.run(FAKE, ["--project", "others"]);
}, 250_000);
afterAll(() => runner[Symbol.asyncDispose]());

/** The words that docs/concepts/lifecycle.md lists. */
const LINE =
  /^ vmrig {2}(?:wait|check|plan|apply|remove|state|boot|baseline|lease|rollback|ahead|recover|broken|gate|bug) +\S.*$/;
const TIME = String.raw`\d+(?:\.\d)? m?s`;

/** Expects these lines; patterns replace the numbers that differ from run to run. */
function expectSaid(run: Run, ...lines: readonly string[]): void {
  const patterns = lines.map((line): unknown =>
    expect.stringMatching(new RegExp(`^ vmrig  ${line}$`)),
  );
  expect(run.logLines, run.output).toEqual(patterns);
}

test("a run on new machines prints each step from the check to the rollback, in this order and once", () => {
  expect(cold.code, cold.output).toBe(0);
  expectSaid(
    cold,
    "check    others-1: there is no record of it; asking Terraform",
    "plan     create terraform_data.pc1, terraform_data.pc2",
    "apply    done",
    `boot     others-1: pc1, pc2 up after ${TIME}`,
    `baseline others-1: [0-9a-f]{16} is prepared and captured after ${TIME}`,
    `lease    others-1: leased in ${TIME}, checked in ${TIME}`,
    `rollback others-1: pc1, pc2 back at [0-9a-f]{16} in ${TIME}`,
  );
});

test("the next run only leases and rolls back", () => {
  expect(warm.code, warm.output).toBe(0);
  expectSaid(
    warm,
    `lease    others-1: leased in ${TIME}, .*`,
    "rollback others-1: pc1, pc2 back at .*",
  );
});

test("every line is complete and begins with its word", () => {
  const logLines = [...cold.logLines, ...warm.logLines];
  expect(logLines.filter((line) => !LINE.test(line))).toEqual([]);
  expect(logLines.length).toBeGreaterThan(0);
});
