import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COPIES, openStage, type Run, type Stage } from "./vitest-run.test.kit.ts";
import { openSomebody } from "./other-user.test.kit.ts";

const LIMIT_MS = 150_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

interface Told {
  readonly run: Run;
  /** By file: on which copy, in which worker and process. */
  readonly used: ReadonlyMap<
    string,
    { readonly copy: string; readonly worker: string; readonly process: string }
  >;
  /** What the second test of a file saw, by file. */
  readonly left: ReadonlyMap<string, string>;
  readonly log: string;
}

async function toldBy(folder: string, run: Run): Promise<Told> {
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

/** @param meet whether the files a and b end only when both have begun */
async function runFiles(words: readonly string[], meet: boolean, rig: object = {}): Promise<Told> {
  const folder = await stage.folder();
  const env = {
    TEST_FOLDER: folder,
    TEST_MEET: meet ? "yes" : "no",
    TEST_RIG: JSON.stringify(rig),
  };
  return toldBy(folder, await stage.run(COPIES, words, env));
}

function expectGreen({ run, used }: Told, ...files: readonly string[]): void {
  expect(run.code, run.output).toBe(0);
  for (const file of files)
    expect(run.outcome(`${file}.test.ts`), run.output).toEqual({ passed: 2 });
  expect([...used.keys()].toSorted(), run.output).toEqual(files);
}

const copies = ({ used }: Told): string[] =>
  [...new Set([...used.values()].map(({ copy }) => copy))].toSorted();
const workers = ({ used }: Told): string[] =>
  [...new Set([...used.values()].map(({ worker }) => worker))].toSorted();
const rollbacks = ({ run }: Told): string[] =>
  run.said.flatMap((line) => /rollback (\S+):/.exec(line)?.[1] ?? []).toSorted();

const ahead = ({ run }: Told): string[] => run.said.filter((line) => line.endsWith(" ahead"));

describe("two copies", () => {
  test(
    "the first run of a config uses both: two files run at once in two workers, each with a copy for itself, and every file starts clean",
    async () => {
      const told = await runFiles(["--project", "shared"], true);
      expectGreen(told, "a", "b", "c", "d");
      expect(copies(told), told.log).toEqual(["pcs-1", "pcs-2"]);
      expect(workers(told), told.log).toEqual(["1", "2"]);
      expect(new Set([...told.used.values()].map(({ process }) => process)).size, told.log).toBe(2);
      expect(Object.fromEntries(told.left)).toEqual({ a: "a", b: "b", c: "c", d: "d" });
    },
    LIMIT_MS,
  );

  test(
    "so does the next one, with isolation, where more workers are asked for than there are copies",
    async () => {
      const told = await runFiles(["--project", "isolated", "--maxWorkers", "3"], true);
      expectGreen(told, "a", "b", "c", "d");
      expect(copies(told), told.log).toEqual(["pcs-1", "pcs-2"]);
      expect(workers(told), told.log).toEqual(["1", "2"]);
      expect(new Set([...told.used.values()].map(({ process }) => process)).size, told.log).toBe(4);
    },
    LIMIT_MS,
  );

  test.each([
    ["--maxWorkers 1", ["--project", "shared", "--maxWorkers", "1"]],
    ["maxWorkers: 1 in the project", ["--project", "one-worker"]],
  ])(
    "%s takes one of them, and its files run one after another",
    async (_what, words) => {
      const told = await runFiles([...words, "a.test", "b.test"], false);
      expectGreen(told, "a", "b");
      expect(told.log).toMatch(/^begin a .*\nend a .*\nleft .*\nbegin b .*\nend b .*\nleft .*\n$/);
      expect(copies(told), told.log).toHaveLength(1);
      expect(rollbacks(told)).toEqual([...told.used.values()].map(({ copy }) => copy));
      expect(ahead(told), told.run.output).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

test.each([
  ["name", ["-t", "."]],
  ["tag", ["--tags-filter", "!slow"]],
])(
  "a run that picks its tests by %s, of which nobody knows how many files have any, rolls nothing back ahead",
  async (_what, words) => {
    const told = await runFiles(["--project", "one-worker", "a.test", "b.test", ...words], false);
    expectGreen(told, "a", "b");
    expect(ahead(told), told.run.output).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "with a rollback per test every test starts clean on whichever copy it runs",
  async () => {
    const told = await runFiles(["--project", "shared"], true, { rollback: "test" });
    expectGreen(told, "a", "b", "c", "d");
    expect(Object.fromEntries(told.left)).toEqual({ a: "", b: "", c: "", d: "" });
    const used = [...told.used.values()].flatMap(({ copy }) => [copy, copy]);
    expect(rollbacks(told), told.run.output).toEqual(used.toSorted());
  },
  LIMIT_MS,
);

test(
  "with a rollback per run each copy is rolled back once, and a file sees what those before it left on the same copy",
  async () => {
    const told = await runFiles(["--project", "shared"], true, { rollback: "run" });
    expectGreen(told, "a", "b", "c", "d");
    expect(rollbacks(told), told.run.output).toEqual(["pcs-1", "pcs-2"]);
    for (const [file, { copy }] of told.used) {
      const before = [...told.used]
        .filter(([other, used]) => used.copy === copy && other <= file)
        .map(([other]) => other);
      expect(told.left.get(file)?.split(" ").toSorted(), told.log).toEqual(
        expect.arrayContaining(before),
      );
    }
  },
  LIMIT_MS,
);

test(
  "a copy that somebody else gives back during the run joins it",
  async () => {
    await using bob = openSomebody(stage.home, COPIES);
    const giveBack = await bob.hold("pcs-2");
    const folder = await stage.folder();
    const live = await stage.start(COPIES, ["run", "--project", "shared", "a.test", "b.test"], {
      TEST_FOLDER: folder,
      TEST_MEET: "yes",
    });
    await live.prints(/wait {5}.*vmrig exec/);
    await giveBack();
    const told = await toldBy(folder, await live.ended);
    expect(told.run.code, told.run.output).toBe(0);
    expect(copies(told), told.log).toEqual(["pcs-1", "pcs-2"]);
  },
  LIMIT_MS,
);
