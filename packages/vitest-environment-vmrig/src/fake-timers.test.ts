import { afterAll, beforeAll, expect, test } from "vitest";
import { FAKE, openVitestRunner, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
let run: Run;
beforeAll(async () => {
  runner = await openVitestRunner();
  const projects = ["fake-timers", "fake-timers-early"];
  run = await runner.run(FAKE, [
    ...projects.flatMap((name) => ["--project", name]),
    "--testTimeout",
    "20000",
  ]);
}, LIMIT_MS);
afterAll(() => runner?.[Symbol.asyncDispose]());

test("machines work as usual while a test fakes timers and clocks", () => {
  expect(run.outcome("fake-timers/during.test.ts"), run.output).toEqual({ passed: 14 });
});

test("machines work as usual when a setup file fakes timers before vmrig's own is loaded", () => {
  expect(run.outcome("fake-timers/early.test.ts"), run.output).toEqual({ passed: 1 });
});
