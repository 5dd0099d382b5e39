import { afterAll, beforeAll, expect, test } from "vitest";
import { FAKE, openVitestRunner, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
let run: Run;
beforeAll(async () => {
  runner = await openVitestRunner();
  run = await runner.run(FAKE, ["--project", "strict"]);
}, LIMIT_MS);
afterAll(() => runner?.[Symbol.asyncDispose]());

test("with strict, tests that leave something behind fail, and no others", () => {
  expect(run.outcome("strict/leaves.test.ts"), run.output).toEqual({ failed: 4, passed: 11 });
});

test("the error names what was left on which machine, and the remedy", () => {
  const failure = run.failure("leaves a process");
  expect(failure, run.output).toMatch(
    /VmrigError \[LEFT_BEHIND\]: The test left something behind on strict-1\.\n {2}pc1: process \d+ of \S+: sleep 600\nhint: .*rollback: "test"/,
  );
  expect(failure).toMatch(/evidence of strict-1: \S+\.txt[^]*nohup sleep 600/);
  expect(run.failure("leaves changed files")).toContain(
    "\n  pc2: etc/app.conf is changed\n  pc2: etc/new.conf is new\nhint: ",
  );
  expect(run.failure("leaves a machine that is off")).toContain(
    "\n  pc1 is off: this test switched it off.\nhint: ",
  );
});

test("a test that fails by itself reports only that failure", () => {
  const failure = run.failure("reports only its own failure");
  expect(failure).toContain("AssertionError");
  expect(failure).not.toContain("LEFT_BEHIND");
});

test('with "report", leftovers are printed, and the test passes', () => {
  expect(run.output).toMatch(
    /vmrig: The test left something behind on strict-1\.\n {2}pc2: etc\/app\.conf is gone\n/,
  );
});
