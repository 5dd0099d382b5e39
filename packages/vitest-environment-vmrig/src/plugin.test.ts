import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { vmrig, vmrigProject } from "./plugin.ts";
import {
  FAKE,
  FAULTS,
  openVitestRunner,
  type Run,
  type VitestRunner,
} from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

test.each([
  [
    "at the root of a config with projects",
    "at-root",
    /is at the root of a Vitest config with `projects`.+\nhint: .*vmrigProject/,
  ],
  [
    "with the pool vmThreads",
    "vm-threads",
    /does not work with pool "vmThreads"\.\nhint: use pool: "forks"/,
  ],
])(
  "%s the plugin throws, and no test runs",
  async (_where, config, text) => {
    const run = await runner.run(FAULTS, ["--config", `${config}.vitest.config.ts`]);
    expect(run.output).toMatch(text);
    expect(run.output).toContain("VmrigError [PLUGIN_MISPLACED]");
    expect(run.code).toBe(1);
    expect(run.outcome("sum.test.ts")).toEqual({});
  },
  LIMIT_MS,
);

describe("leases nothing, starts no Redis and creates no machine", () => {
  test.each([
    ["when only unit tests run", ["run", "--project", "unit"], /Tests +1 passed \(1\)/],
    [
      "when -t matches no test",
      ["run", "--project", "per-file", "-t", "no test has this name", "--passWithNoTests"],
      /Tests +\d+ skipped \(\d+\)/,
    ],
    [
      "when tests are only listed",
      ["list", "--project", "per-file"],
      /share-2\.test\.ts > sees nothing of the file before it/,
    ],
  ])(
    "%s",
    async (_when, words, text) => {
      const { code, output, logLines } = await runner.vitest(FAKE, words);
      expect(code, output).toBe(0);
      expect(output).toMatch(text);
      expect(logLines).toEqual([]);
      expect([...(await runner.home.processes()).values()]).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe("in a plain config with threads, isolation and three workers", () => {
  let run: Run;
  let log: string;
  beforeAll(async () => {
    const folder = await runner.folder();
    run = await runner.run(FAKE, ["--config", "plain.vitest.config.ts", "--maxWorkers", "3"], {
      TEST_FOLDER: folder,
    });
    log = await readFile(join(folder, "log"), "utf8");
  }, LIMIT_MS);

  test.each([
    ["the config's own pool and timeout are kept", "plain/1", 2],
    ["each file has a worker of its own and machines at their baseline", "plain/2", 2],
  ])("%s", (_claim, file, passed) => {
    expect(run.outcome(`${file}.test.ts`), run.output).toEqual({ passed });
    expect(run.code).toBe(0);
  });

  test("no two files use the machines at the same time", () => {
    const files = [...log.matchAll(/^begin (file \d)$/gm)].map(([, file = ""]) => file);
    expect(files.toSorted(), run.output).toEqual(["file 1", "file 2", "file 3"]);
    expect(log).toBe(files.map((file) => `begin ${file}\nend ${file}\n`).join(""));
  });
});

test(
  "an unknown machine and a matcher on the wrong subject are type errors, and there are no other type errors",
  async () => {
    const tsc = join(
      createRequire(import.meta.url).resolve("typescript/package.json"),
      "../bin/tsc",
    );
    const { exitCode, stdout } = await execa(
      process.execPath,
      [tsc, "--noEmit", "--pretty", "false"],
      { cwd: FAKE, reject: false },
    );
    expect(exitCode, stdout).not.toBe(0);
    expect(stdout.split("\n").filter((line) => !line.startsWith(" "))).toEqual([
      expect.stringMatching(
        /^typed-fixtures\/wrong-machine\.ts\(4,\d+\): error TS2339: Property 'pc3' does not exist on type '.*MachineFixtures'\.$/,
      ),
      wrongSubject(5, /Expected 1 arguments, but got 0\./),
      wrongSubject(
        6,
        /Argument of type 'string' is not assignable to parameter of type 'WrongSubject<"file">'\./,
      ),
      wrongSubject(7, /Expected 1 arguments, but got 0\./),
      wrongSubject(
        8,
        /Argument of type 'number' is not assignable to parameter of type 'WrongSubject<Command>'\./,
      ),
      wrongSubject(
        9,
        /Argument of type 'string' is not assignable to parameter of type 'number'\./,
      ),
      wrongSubject(10, /'retries' does not exist in type 'RetryOptions'\./),
    ]);
  },
  LIMIT_MS,
);

function wrongSubject(line: number, text: RegExp): unknown {
  return expect.stringMatching(
    new RegExp(
      `^typed-fixtures/wrong-subject\\.ts\\(${line},\\d+\\): error TS\\d+: .*${text.source}$`,
    ),
  );
}

describe("unknown options", () => {
  test.each([
    ["vmrig", () => vmrig({ confg: "x" } as object)],
    ["vmrigProject", () => vmrigProject({}, { confg: "x" } as object)],
  ])("%s() throws", (name, call) => {
    expect(call).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        summary: `${name}() has no option "confg".`,
        hint: 'did you mean "config"?',
      }),
    );
  });

  test(
    "fail the file or the test that has them, and no other",
    async () => {
      const run = await runner.run(FAKE, ["--project", "options"]);
      expect(run.outcome("options/docblock.test.ts"), run.output).toEqual({ skipped: 1 });
      expect(run.output).toContain(
        '`@vitest-environment-options` has no option "rollbak".\n  available: rollback, strict\nhint: did you mean "rollback"?',
      );
      expect(run.outcome("options/meta.test.ts"), run.output).toEqual({ failed: 1, passed: 2 });
      expect(run.failure("does not run either")).toContain(
        '`meta.vmrig` has no option "Strict".\n  available: strict, rollback\nhint: did you mean "strict"?',
      );
    },
    LIMIT_MS,
  );
});
