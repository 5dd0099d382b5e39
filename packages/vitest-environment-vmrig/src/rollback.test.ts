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

describe("with the default, a rollback per file", () => {
  let run: Run;
  beforeAll(async () => {
    // The config asks for three workers, but there is one copy.
    run = await runner.run(FAKE, [
      "--project",
      "per-file",
      "--project",
      "others",
      "--project",
      "unit",
      "--maxWorkers",
      "3",
    ]);
  }, LIMIT_MS);

  test("the run is green", () => {
    expect(run.code, run.output).toBe(0);
  });

  test.each([
    ["a file sees all that its tests left", "per-file/share-1", 2],
    [
      "the next file, in the same worker, starts clean: hooks run for it, too",
      "per-file/share-2",
      2,
    ],
    ["a docblock asks for one per test", "per-file/docblock", 3],
    ["a docblock may name vmrig", "per-file/docblock-nested", 3],
    [
      "meta asks for one, on a test and on a describe; a test without meta sees what the test before it left",
      "per-file/meta",
      5,
    ],
    ["retries and repeats start clean", "per-file/again", 5],
    [
      "concurrent tests run one after another and have the machines for themselves",
      "per-file/concurrent",
      8,
    ],
    [
      "hooks, test.for and test.each work as those of Vitest, with the machines",
      "per-file/basics",
      7,
    ],
    ["temporary folders are gone when their test has ended", "per-file/tmpdir", 2],
    ["a test that runs out of time leaves no process behind", "per-file/time-out", 3],
    ["1st of three files: has the machines for itself", "exclusive/1", 1],
    ["2nd of three files: has the machines for itself", "exclusive/2", 1],
    ["3rd of three files: has the machines for itself", "exclusive/3", 1],
    ["another project of the run gets the machines of its own rig", "others/own", 1],
    ["unit tests run beside them", "unit/sum", 1],
  ])("%s", (_claim, file, passed) => {
    expect(run.outcome(`${file}.test.ts`), run.output).toEqual({ passed });
  });

  test("there is no rollback without a request", () => {
    const files = 3 + 10 + 1;
    const [docblocks, meta, concurrent, retriesAndRepeats] = [2 * 2, 3, 3, 4];
    expect(rollbacks(run), run.output).toBe(
      files + docblocks + meta + concurrent + retriesAndRepeats,
    );
  });
});

describe("with a rollback per run", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runner.run(FAKE, ["--project", "per-run"]);
  }, LIMIT_MS);

  test.each([
    ["the first file starts clean", "1-writes"],
    ["the next one sees what it left", "2-sees"],
    ["meta asks for a rollback, also of the first test of a file", "3-meta"],
    ["a docblock asks for one per file", "4-docblock"],
  ])("%s", (_claim, file) => {
    expect(run.outcome(`per-run/${file}.test.ts`), run.output).toEqual({ passed: 1 });
  });

  test("there is no rollback without a request", () => {
    expect(rollbacks(run), run.output).toBe(1 + 1 + 1);
  });
});

test(
  "with a rollback per test, every test of the next run starts clean, with one rollback for each",
  async () => {
    const run = await runner.run(FAKE, ["--project", "per-test"]);
    expect(run.outcome("per-test/each.test.ts"), run.output).toEqual({ passed: 3 });
    expect(rollbacks(run), run.output).toBe(3);
  },
  LIMIT_MS,
);
