import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  FAKE,
  openVitestRunner,
  rollbacks,
  type Run,
  type VitestRunner,
} from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe("a setup that runs once", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runner.run(FAKE, ["--project", "once"]);
  }, LIMIT_MS);

  test.each([
    [
      "of a describe: its tests start from its result, nested or not, at every repetition",
      "starts",
      { passed: 17, skipped: 1 },
    ],
    ["of a file runs again for each file", "whole-file", { passed: 2 }],
    ["as in the reference", "example", { passed: 2 }],
  ])("%s", (_claim, file, outcome) => {
    expect(run.outcome(`once/${file}.test.ts`), run.output).toEqual(outcome);
    expect(run.code).toBe(0);
  });

  test("needs a rollback before and after it, and none between its tests", () => {
    const [files, outer, behind, two, concurrent] = [3, 1, 1, 1, 1];
    expect(rollbacks(run), run.output).toBe(files + outer + behind + two + concurrent);
  });
});

test(
  "does not run when no test of its describe is selected",
  async () => {
    const run = await runner.run(FAKE, ["--project", "once-fails", "-t", "tests after it"]);
    expect(run.outcome("once-fails/fails.test.ts"), run.output).toEqual({ passed: 1, skipped: 4 });
  },
  LIMIT_MS,
);

describe("a setup that fails", () => {
  let run: Run;
  let attachments: string[];
  beforeAll(async () => {
    const folder = await runner.folder();
    run = await runner.run(FAKE, ["--project", "once-fails", `--attachmentsDir=${folder}`]);
    attachments = await Promise.all(
      (await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")),
    );
  }, LIMIT_MS);

  test("fails all its tests, and no other", () => {
    expect(run.outcome("once-fails/fails.test.ts"), run.output).toEqual({ failed: 4, passed: 1 });
  });

  test("fails the first test with the thrown error, the others with the same cause", () => {
    expect(run.failure("fails its first test"), run.output).toMatch(
      /CommandError \[COMMAND_FAILED\]: .* exited with 28/,
    );
    for (const later of ["fails its second test", "fails the tests of that one"]) {
      expect(run.failure(later)).toMatch(
        /VmrigError \[SETUP_FAILED\]: The test did not start: setupOnce of "a setup that fails" failed\.\n {2}`echo tried .* exited with 28/,
      );
    }
  });

  test("runs once, even when its test is retried, and its evidence is collected once", () => {
    const kept = attachments.filter((text) => text.includes("no room for the app"));
    expect(kept, run.output).toHaveLength(1);
    expect(kept[0]).toMatch(/echo tried >> tries; .* → exited with 28/);
    expect(kept[0]).not.toContain("tried\ntried");
    expect(run.failure("fails its first test")).toMatch(/evidence of pcs-1: \S+\.txt/);
  });

  test("that takes too long ends in time, and names the command that was running", () => {
    expect(run.failure("fails its test in time"), run.output).toMatch(
      /VmrigError \[SETUP_FAILED\]: setupOnce of "a setup that takes too long" took longer than 1\.5 s\./,
    );
    expect(attachments.some((text) => text.includes("sleep 600"))).toBe(true);
  });
});

test(
  "on a driver without checkpoints of several machines the error says so",
  async () => {
    const run = await runner.run(FAKE, ["--project", "once-alone"]);
    expect(run.failure("there is no such setup"), run.output).toMatch(
      /VmrigError \[CAPABILITY_MISSING\]: The driver "fake" does not support checkpoints of several machines at one moment\./,
    );
  },
  LIMIT_MS,
);
