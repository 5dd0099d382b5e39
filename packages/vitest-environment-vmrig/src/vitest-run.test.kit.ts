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
 * Test projects with machines of the fake driver: real Redis, real Terraform, real SSH, nothing to
 * boot.
 */
export const FAKE = project("fake");
export const FAULTS = project("faults");
export const COPIES = project("copies");
export const SHARED = project("shared");
export const EVIDENCE = project("evidence");

const VITEST = fileURLToPath(new URL("../vitest.mjs", import.meta.resolve("vitest")));
const RUN_MS = 100_000;

/**
 * Processes that outlive a run by design, and those that other users of the tests run beside it.
 */
const OUTLIVES_RUNS =
  /machine-process\.js|redis-server|valkey-server|cli\/main\.js|^sleep (600|0\.05)|echo order >>/;

export interface Run {
  readonly code: number | undefined;
  /** Both streams as a person sees them, without colours. */
  readonly output: string;
  /** The lines of vmrig, without their prefix. */
  readonly logLines: readonly string[];
  /**
   * Returns the number of tests of a file by status, from the JSON report. The file's path begins
   * in `tests/`.
   */
  outcome(file: string): Readonly<Record<string, number>>;
  /** Returns the text below ` FAIL ` for the project or test with this name. */
  failure(of: string): string;
}

/** A Vitest that runs in the background of the test. */
export interface RunningVitest {
  /** Returns everything printed so far, without colours. */
  output(): string;
  /**
   * Waits until the output after the first `from` characters matches.
   *
   * @returns the length of the output at that time
   */
  prints(words: RegExp, from?: number): Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when Vitest has ended. @throws AssertionError when Vitest leaves anything behind */
  readonly ended: Promise<Run>;
}

/** A Vitest process at a separate terminal. */
export interface TerminalRun extends Terminal {
  /**
   * Waits until Vitest has ended.
   *
   * @returns its exit code
   * @throws AssertionError when Vitest leaves anything behind, temporary files included
   */
  waitForEnd(): Promise<number>;
}

export interface VitestRunner extends AsyncDisposable {
  readonly home: Home;
  /** Creates a folder that is deleted with the home. */
  folder(): Promise<string>;
  /** Runs `vitest run` as a person would. Fails when the run leaves anything behind. */
  run(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<Run>;
  /** Runs any Vitest command in this way, without a report. */
  vitest(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<Run>;
  /** Starts a Vitest command in this way, without waiting for its end. */
  start(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<RunningVitest>;
  /** Starts a Vitest command at a terminal. */
  startAtTerminal(
    folder: string,
    words: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<TerminalRun>;
}

/** Opens a separate home, in which Vitest runs one command after another. */
export async function openVitestRunner(): Promise<VitestRunner> {
  const home = await openHome();
  const folder = async (): Promise<string> => {
    const parent = join(home.folders.state, "of-the-test");
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, "run-"));
  };

  const start: VitestRunner["start"] = async (cwd, words, env = {}) => {
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
      return toRun(exitCode, stripVTControlCharacters(all));
    };
    const ended = finish();
    ended.catch(() => {}); // the caller that awaits it gets the error
    return {
      output,
      async prints(words, from = 0) {
        await vi.waitFor(() => expect(output().slice(from)).toMatch(words), {
          timeout: 30_000,
          interval: 20,
        });
        return output().length;
      },
      // Not with execa's `kill`, which kills a process 5 s later that needs more time to end in
      // order.
      kill: (signal) => void process.kill(child.pid ?? 0, signal),
      ended,
    };
  };
  const startAtTerminal: VitestRunner["startAtTerminal"] = async (cwd, words, more = {}) => {
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
      async waitForEnd() {
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
  const vitest: VitestRunner["vitest"] = async (cwd, words, env) =>
    (await start(cwd, words, env)).ended;

  return {
    home,
    folder,
    start,
    startAtTerminal,
    vitest,
    async run(cwd, words, env) {
      const report = join(await folder(), "report.json");
      // The reporter that a person sees by default, whatever Vitest detects here.
      const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
      const ran = await vitest(cwd, ["run", ...reporters, ...words], env);
      const text = await readFile(report, "utf8").catch(() => '{"testResults":[]}');
      return { ...ran, outcome: (file) => outcome(text, join(cwd, "tests", file)) };
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/**
 * The child does not belong to the Vitest that runs these tests, and must not use the computer's
 * own Redis.
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

function toRun(code: number | undefined, output: string): Run {
  const lines = output.split("\n");
  return {
    code,
    output,
    // Matches loosely, so that a line that was cut or joined to another one is found as well.
    logLines: lines.filter((line) => line.includes("vmrig  ")),
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

/** Returns processes of the home that should have ended, and sockets without a listener. */
async function leftovers({ processes, folders }: Home): Promise<string[]> {
  const left = [...(await processes()).values()].filter((command) => !OUTLIVES_RUNS.test(command));
  for (const entry of await readdir(folders.runtime, { recursive: true })) {
    const path = join(folders.runtime, entry);
    if ((await lstat(path)).isSocket() && !(await isHeard(path)))
      left.push(`socket ${relative(folders.runtime, path)}`);
  }
  return left;
}

/**
 * Returns files that a program meant to move or delete later, and everything in the first folder.
 */
async function unfinished([temporary, ...kept]: readonly [string, ...string[]]): Promise<string[]> {
  const found = await Promise.all(kept.map((folder) => readdir(folder, { recursive: true })));
  return [
    ...(await readdir(temporary)),
    ...found.flat().filter((path) => /(leased-through|retained)\.json|\.(new|\d+)$/.test(path)),
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

/** Returns how often machines were rolled back to their baseline. */
export function rollbacks({ logLines }: Run): number {
  return logLines.filter((line) => line.startsWith(" vmrig  rollback ")).length;
}
