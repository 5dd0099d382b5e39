import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FAKE, openVitestRunner, type VitestRunner } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

test(
  "two projects of one run with the same config both end green, and never use the machines at the same time",
  async () => {
    const folder = await runner.folder();
    const run = await runner.run(
      FAKE,
      ["--project", "per-file", "--project", "twin", "exclusive"],
      {
        TEST_FOLDER: folder,
      },
    );
    expect(run.code, run.output).toBe(0);
    for (const file of [1, 2, 3])
      expect(run.outcome(`exclusive/${file}.test.ts`), run.output).toEqual({ passed: 2 });
    const log = await readFile(join(folder, "log"), "utf8");
    expect(log).toMatch(/^(?:begin (file \d)\nend \1\n){6}$/);
  },
  LIMIT_MS,
);

test(
  "two projects of one run whose configs differ and name the same rig both end green, each with its own rollback",
  async () => {
    const run = await runner.run(FAKE, ["--project", "per-run", "--project", "per-test"]);
    expect(run.code, run.output).toBe(0);
    for (const file of ["1-writes", "2-sees", "3-meta", "4-docblock"]) {
      expect(run.outcome(`per-run/${file}.test.ts`), run.output).toEqual({ passed: 1 });
    }
    expect(run.outcome("per-test/each.test.ts"), run.output).toEqual({ passed: 3 });
  },
  LIMIT_MS,
);
