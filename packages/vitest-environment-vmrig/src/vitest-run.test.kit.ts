import { lstat, mkdir, mkdtemp, readdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { expect, vi } from "vitest";
import { openHome, type Home } from "./home.test.kit.ts";
import { openTerminal, type Terminal } from "./terminal.test.kit.ts";

/**
 * Test projects whose machines are those of the fake driver: real Redis, real Terraform, real SSH,
 * nothing to boot.
 */
export const FAKE = project("fake");
export const FAULTS = project("faults");
export const COPIES = project("copies");
export const SHARED = project("shared");
export const EVIDENCE = project("evidence");

const VITEST = fileURLToPath(new URL("../vitest.mjs", import.meta.resolve("vitest")));
const RUN_MS = 100_000;

/** What outlives a run by design, and what somebody else runs beside it. */
const STAYS =
  /machine-process\.js|redis-server|valkey-server|cli\/main\.js|^sleep (600|0\.05)|echo order >>/;

export interface Run {
  readonly code: number | undefined;
  /** Both streams as a person saw them, without colours. */
  readonly output: string;
  /** Vmrig's lines, from their first character. */
  readonly said: readonly string[];
  /**
   * How many tests of a file had which status, by the JSON report. The file's path begins in
   * `tests/`.
   */
  outcome(file: string): Readonly<Record<string, number>>;
  /** What was printed below ` FAIL `, for the project or the test of that name. */
  failure(of: string): string;
}

/** A Vitest that runs while the test goes on. */
export interface Live {
  /** What it has printed so far, without colours. */
  output(): string;
  /**
   * Waits until what it printed since `from` characters matches.
   *
   * @returns how much it has printed by then
   */
  prints(words: RegExp, from?: number): Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended. @throws AssertionError when it leaves anything behind */
  readonly ended: Promise<Run>;
}

/** A Vitest at a terminal of its own. */
export interface Seated extends Terminal {
  /**
   * Waits until it has ended.
   *
   * @returns its exit code
   * @throws AssertionError when it leaves anything behind, temporary files included
   */
  over(): Promise<number>;
}

export interface Stage extends AsyncDisposable {
  readonly home: Home;
  /** A new folder that ends with the stage. */
  folder(): Promise<string>;
  /** Runs `vitest run` as a person would, and fails when it leaves anything behind. */
  run(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<Run>;
  /** The same for any command of Vitest. It makes no report. */
  vitest(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<Run>;
  /** The same, without waiting for its end. */
  start(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<Live>;
  /** The same, at a terminal. */
  sit(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<Seated>;
}

/** A home of its own, in which Vitest runs one after another. */
export async function openStage(): Promise<Stage> {
  const home = await openHome();
  const folder = async (): Promise<string> => {
    const parent = join(home.folders.state, "of-the-test");
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, "run-"));
  };

  const start: Stage["start"] = async (cwd, words, env = {}) => {
    const child = execa(process.execPath, [VITEST, ...words], {
      cwd,
      env: { ...home.env, ...WITHOUT_THIS_RUN, TEST_FOLDER: await folder(), ...env },
      reject: false,
      all: true,
      timeout: RUN_MS,
    });
    let printed = "";
    child.all.setEncoding("utf8").on("data", (text: string) => (printed += text));
    const output = (): string => stripVTControlCharacters(printed);
    const finish = async (): Promise<Run> => {
      const { exitCode, all } = await child;
      const nothingLeft = async (): Promise<void> =>
        expect(await leftovers(home), `left behind by this run:\n${all}`).toEqual([]);
      await vi.waitFor(nothingLeft, { timeout: 20_000, interval: 50 });
      return told(exitCode, stripVTControlCharacters(all));
    };
    const ended = finish();
    ended.catch(() => {}); // whoever waits for it is told
    return {
      output,
      async prints(words, from = 0) {
        await vi.waitFor(() => expect(output().slice(from)).toMatch(words), {
          timeout: 30_000,
          interval: 20,
        });
        return output().length;
      },
      // Not by execa, which kills 5 s later what takes its time to end in order.
      kill: (signal) => void process.kill(child.pid ?? 0, signal),
      ended,
    };
  };
  const sit: Stage["sit"] = async (cwd, words, more = {}) => {
    const temporary = await folder();
    const env = {
      ...home.env,
      ...WITHOUT_THIS_RUN,
      TEST_FOLDER: await folder(),
      TMPDIR: temporary,
      ...more,
    };
    const terminal = openTerminal([process.execPath, VITEST, ...words], { cwd, env });
    return {
      ...terminal,
      async over() {
        const code = await terminal.ended;
        const left = async (): Promise<string[]> => [
          ...(await leftovers(home)),
          ...(await unfinished([temporary, home.folders.state])),
        ];
        await vi.waitFor(async () => expect(await left(), terminal.output()).toEqual([]), {
          timeout: 20_000,
          interval: 50,
        });
        return code;
      },
    };
  };
  const vitest: Stage["vitest"] = async (cwd, words, env) => (await start(cwd, words, env)).ended;

  return {
    home,
    folder,
    start,
    sit,
    vitest,
    async run(cwd, words, env) {
      const report = join(await folder(), "report.json");
      // What a person sees who asks for nothing else, whatever Vitest finds this to be.
      const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
      const ran = await vitest(cwd, ["run", ...reporters, ...words], env);
      const text = await readFile(report, "utf8").catch(() => '{"testResults":[]}');
      return { ...ran, outcome: (file) => outcome(text, join(cwd, "tests", file)) };
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/**
 * The child is no part of the Vitest that runs these tests, and the computer's own Redis is not for
 * it.
 */
const WITHOUT_THIS_RUN = {
  NO_COLOR: "1",
  FORCE_COLOR: undefined,
  GITHUB_ACTIONS: undefined,
  VITEST: undefined,
  VITEST_POOL_ID: undefined,
  VITEST_WORKER_ID: undefined,
  VMRIG_REDIS_URL: undefined,
};

function told(code: number | undefined, output: string): Run {
  const lines = output.split("\n");
  return {
    code,
    output,
    // Loosely, so that a line that was cut or joined to another is found here as well.
    said: lines.filter((line) => line.includes("vmrig  ")),
    outcome: () => ({}),
    failure: (of) =>
      output.split(/^ FAIL {2}/m).find((block) => (block.split("\n")[0] ?? "").includes(of)) ?? "",
  };
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

function outcome(report: string, file: string): Record<string, number> {
  const { testResults } = JSON.parse(report) as Report;
  const counts: Record<string, number> = {};
  for (const { status } of testResults
    .filter(({ name }) => name === file)
    .flatMap(({ assertionResults }) => assertionResults)) {
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** Processes of the home that should have ended, and sockets that nobody listens on. */
async function leftovers({ processes, folders }: Home): Promise<string[]> {
  const left = [...(await processes()).values()].filter((command) => !STAYS.test(command));
  for (const entry of await readdir(folders.runtime, { recursive: true })) {
    const path = join(folders.runtime, entry);
    if ((await lstat(path)).isSocket() && !(await isHeard(path)))
      left.push(`socket ${relative(folders.runtime, path)}`);
  }
  return left;
}

/** Files that somebody meant to move or delete later, and everything in the first folder. */
async function unfinished([temporary, ...kept]: readonly [string, ...string[]]): Promise<string[]> {
  const found = await Promise.all(kept.map((folder) => readdir(folder, { recursive: true })));
  return [
    ...(await readdir(temporary)),
    ...found.flat().filter((path) => /(leased-through|kept)\.json|\.(new|\d+)$/.test(path)),
  ];
}

function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

function project(name: string): string {
  return fileURLToPath(new URL(`../test-projects/${name}`, import.meta.url));
}

/** How many times machines were brought back to their baseline. */
export function rollbacks({ said }: Run): number {
  return said.filter((line) => line.startsWith(" vmrig  rollback ")).length;
}
