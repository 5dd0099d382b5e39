import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COPIES, openVitestRunner, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";
import { openOtherUser } from "./other-user.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

interface Result {
  readonly run: Run;
  /** By file: the copy, the worker and the process that ran it. */
  readonly used: ReadonlyMap<
    string,
    { readonly copy: string; readonly worker: string; readonly process: string }
  >;
  /** What the second test of each file saw. */
  readonly left: ReadonlyMap<string, string>;
  readonly log: string;
}

async function resultOf(folder: string, run: Run): Promise<Result> {
  const log = await readFile(join(folder, "log"), "utf8");
  const begins = [...log.matchAll(/^begin (\w) (\S+) worker (\d+), process (\d+)$/gm)];
  const left = [...log.matchAll(/^left for (\w): (.*)$/gm)];
  return {
    run,
    log,
    used: new Map(
      begins.map(([, file = "", copy = "", worker = "", process = ""]) => [
        file,
        { copy, worker, process },
      ]),
    ),
    left: new Map(left.map(([, file = "", visits = ""]) => [file, visits])),
  };
}

/** @param meet whether the files a and b end only after both have begun */
async function runFiles(
  words: readonly string[],
  meet: boolean,
  rig: object = {},
): Promise<Result> {
  const folder = await runner.folder();
  const env = {
    TEST_FOLDER: folder,
    TEST_MEET: meet ? "yes" : "no",
    TEST_RIG: JSON.stringify(rig),
  };
  return resultOf(folder, await runner.run(COPIES, words, env));
}

function expectGreen({ run, used }: Result, ...files: readonly string[]): void {
  expect(run.code, run.output).toBe(0);
  for (const file of files)
    expect(run.outcome(`${file}.test.ts`), run.output).toEqual({ passed: 2 });
  expect([...used.keys()].toSorted(), run.output).toEqual(files);
}

const copies = ({ used }: Result): string[] =>
  [...new Set([...used.values()].map(({ copy }) => copy))].toSorted();
const workers = ({ used }: Result): string[] =>
  [...new Set([...used.values()].map(({ worker }) => worker))].toSorted();
const rollbacks = ({ run }: Result): string[] =>
  run.logLines.flatMap((line) => /rollback (\S+):/.exec(line)?.[1] ?? []).toSorted();

const ahead = ({ run }: Result): string[] => run.logLines.filter((line) => line.endsWith(" ahead"));

describe("two copies", () => {
  test(
    "the first run of a config uses both: two files run at once in two workers, each with a copy for itself, and every file starts clean",
    async () => {
      const result = await runFiles(["--project", "shared"], true);
      expectGreen(result, "a", "b", "c", "d");
      expect(copies(result), result.log).toEqual(["pcs-1", "pcs-2"]);
      expect(workers(result), result.log).toEqual(["1", "2"]);
      expect(
        new Set([...result.used.values()].map(({ process }) => process)).size,
        result.log,
      ).toBe(2);
      expect(Object.fromEntries(result.left)).toEqual({ a: "a", b: "b", c: "c", d: "d" });
    },
    LIMIT_MS,
  );

  test(
    "the next run uses both, too, with isolation and more workers than copies",
    async () => {
      const result = await runFiles(["--project", "isolated", "--maxWorkers", "3"], true);
      expectGreen(result, "a", "b", "c", "d");
      expect(copies(result), result.log).toEqual(["pcs-1", "pcs-2"]);
      expect(workers(result), result.log).toEqual(["1", "2"]);
      expect(
        new Set([...result.used.values()].map(({ process }) => process)).size,
        result.log,
      ).toBe(4);
    },
    LIMIT_MS,
  );

  test.each([
    ["--maxWorkers 1", ["--project", "shared", "--maxWorkers", "1"]],
    ["maxWorkers: 1 in the project", ["--project", "one-worker"]],
  ])(
    "%s uses one of them, and its files run one after another",
    async (_what, words) => {
      const result = await runFiles([...words, "a.test", "b.test"], false);
      expectGreen(result, "a", "b");
      expect(result.log).toMatch(
        /^begin a .*\nend a .*\nleft .*\nbegin b .*\nend b .*\nleft .*\n$/,
      );
      expect(copies(result), result.log).toHaveLength(1);
      expect(rollbacks(result)).toEqual([...result.used.values()].map(({ copy }) => copy));
      expect(ahead(result), result.run.output).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

test.each([
  ["name", ["-t", "."]],
  ["tag", ["--tags-filter", "!slow"]],
])(
  "a run that selects its tests by %s, so that the number of files is unknown, rolls nothing back ahead",
  async (_what, words) => {
    const result = await runFiles(["--project", "one-worker", "a.test", "b.test", ...words], false);
    expectGreen(result, "a", "b");
    expect(ahead(result), result.run.output).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "with a rollback per test every test starts clean on every copy",
  async () => {
    const result = await runFiles(["--project", "shared"], true, { rollback: "test" });
    expectGreen(result, "a", "b", "c", "d");
    expect(Object.fromEntries(result.left)).toEqual({ a: "", b: "", c: "", d: "" });
    const used = [...result.used.values()].flatMap(({ copy }) => [copy, copy]);
    expect(rollbacks(result), result.run.output).toEqual(used.toSorted());
  },
  LIMIT_MS,
);

test(
  "with a rollback per run each copy is rolled back once, and a file sees what those before it left on the same copy",
  async () => {
    const result = await runFiles(["--project", "shared"], true, { rollback: "run" });
    expectGreen(result, "a", "b", "c", "d");
    expect(rollbacks(result), result.run.output).toEqual(["pcs-1", "pcs-2"]);
    for (const [file, { copy }] of result.used) {
      const before = [...result.used]
        .filter(([other, used]) => used.copy === copy && other <= file)
        .map(([other]) => other);
      expect(result.left.get(file)?.split(" ").toSorted(), result.log).toEqual(
        expect.arrayContaining(before),
      );
    }
  },
  LIMIT_MS,
);

test(
  "a copy that another user releases during the run joins it",
  async () => {
    await using bob = openOtherUser(runner.home, COPIES);
    const giveBack = await bob.hold("pcs-2");
    const folder = await runner.folder();
    const live = await runner.start(COPIES, ["run", "--project", "shared", "a.test", "b.test"], {
      TEST_FOLDER: folder,
      TEST_MEET: "yes",
    });
    await live.prints(/wait {5}.*vmrig exec/);
    await giveBack();
    const result = await resultOf(folder, await live.ended);
    expect(result.run.code, result.run.output).toBe(0);
    expect(copies(result), result.log).toEqual(["pcs-1", "pcs-2"]);
  },
  LIMIT_MS,
);
