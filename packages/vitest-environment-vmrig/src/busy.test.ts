import { afterAll, beforeAll, expect, test } from "vitest";
import { openSomebody, type Somebody } from "./somebody.test.kit.ts";
import { openStage, SHARED, type Run, type Stage } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let stage: Stage;
let bob: Somebody;
beforeAll(async () => {
  stage = await openStage();
  bob = await openSomebody(stage.home);
  await bob.hold();
}, LIMIT_MS);
afterAll(async () => {
  await bob[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const runOn = (onBusy: "fail" | "skip"): Promise<Run> =>
  stage.run(SHARED, ["--project", "waits", "--project", "unit"], { TEST_RIG: JSON.stringify({ lease: { onBusy } }) });

test(
  'with onBusy "skip" the machine tests are skipped, the unit tests run, and the run is green; a line says who holds the machines',
  async () => {
    const run = await runOn("skip");
    expect(run.code, run.output).toBe(0);
    expect(run.outcome("waits/1-works.test.ts")).toEqual({ skipped: 2 });
    expect(run.outcome("waits/2-later.test.ts")).toEqual({ skipped: 1 });
    expect(run.outcome("sum.test.ts")).toEqual({ passed: 1 });
    expect(run.said.join("\n")).toMatch(/pcs-1 is held by bob@laptop/);
  },
  LIMIT_MS,
);

test(
  'with onBusy "fail" they fail at once with RIG_BUSY and the holder, and the unit tests are green',
  async () => {
    const run = await runOn("fail");
    expect(run.code, run.output).toBe(1);
    expect(run.output).toMatch(/^VmrigError \[RIG_BUSY\]: "pcs-1" stayed busy for .+\n {2}held by bob@laptop/m);
    expect(run.outcome("waits/1-works.test.ts")["passed"], run.output).toBeUndefined();
    expect(run.outcome("sum.test.ts")).toEqual({ passed: 1 });
    expect(run.output).not.toContain("AssertionError");
  },
  LIMIT_MS,
);
