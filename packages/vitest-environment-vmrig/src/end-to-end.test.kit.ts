import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect } from "vitest";
import { openHome, type Home } from "./home.test.kit.ts";
import { runVitest, startVitest } from "./start-vitest.test.kit.ts";

export const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));
/** Tests on the machines of `examples/two-machines`. */
export const PROJECT = fileURLToPath(new URL("../test-projects/real", import.meta.url));
const ON_THEIR_MACHINES = fileURLToPath(
  new URL("../test-projects/examples/vitest.config.ts", import.meta.url),
);
const CLI = fileURLToPath(import.meta.resolve("vmrig/cli"));
const VITEST = fileURLToPath(new URL("../vitest.mjs", import.meta.resolve("vitest")));

type Variables = Readonly<Record<string, string>>;

/** Provides one home, with one rig, for all tests of a file. */
export function useHome() {
  let home: Home;
  beforeAll(async () => {
    home = await openHome();
  });
  afterAll(() => home[Symbol.asyncDispose]());
  const current = (): Home => home;
  return { home: current, ...runsOf(current), ...machinesOf(current) };
}

/** Returns functions that start Vitest and the command `vmrig`. */
function runsOf(home: () => Home) {
  const run = (folder: string, words: readonly string[], env?: Variables) =>
    runVitest(home(), folder, words, env);
  return {
    run,
    /** Runs tests of {@link PROJECT}, which must pass. @returns the output */
    async green(words: readonly string[], env?: Variables): Promise<string> {
      const { code, output } = await run(PROJECT, words, env);
      expect(code, output).toBe(0);
      return output;
    },
    /** Runs an example on the machines of this home. */
    runExample: (name: string, words: readonly string[] = [], env: Variables = {}) =>
      run(join(EXAMPLES, name), ["--config", ON_THEIR_MACHINES, ...words], {
        ...env,
        TEST_EXAMPLE: name,
      }),
    /** Starts a run and waits until its test is on the machine. */
    async staying() {
      const marker = join(home().folders.state, `marker-${process.hrtime.bigint()}`);
      const vitest = startVitest(home(), PROJECT, ["stay"], { TEST_MARKER: marker });
      await expect.poll(() => exists(marker), { timeout: 60_000 }).toBe(true);
      return { vitest, marker };
    },
    listTests: (cwd: string) =>
      execa(process.execPath, [VITEST, "list"], {
        cwd,
        env: { ...home().env, NO_COLOR: "1" },
        all: true,
      }),
    /** Runs the command `vmrig` in the folder of `examples/two-machines`. */
    vmrig: (words: readonly string[], input = "") =>
      execa(process.execPath, [CLI, ...words], {
        cwd: join(EXAMPLES, "two-machines"),
        env: { ...home().env },
        reject: false,
        all: true,
        input,
      }),
  };
}

/** Returns functions that inspect the machines and the processes of a home. */
function machinesOf(home: () => Home) {
  const copyFolder = (): string => join(home().folders.state, "rigs", "two-machines-1");
  const commandLines = async (): Promise<string[]> => [...(await home().processes()).values()];
  return {
    copyFolder,
    async qemuPids(): Promise<number[]> {
      const names = await readdir(join(copyFolder(), "machines"));
      return Promise.all(
        names
          .toSorted()
          .map(async (name) =>
            Number(await readFile(join(copyFolder(), "machines", name, "qemu.pid"), "utf8")),
          ),
      );
    },
    /** Returns the command lines of the processes of machines and networks. */
    machineProcesses: async (): Promise<string[]> =>
      (await commandLines()).filter((line) => /qemu-system|vde_switch/.test(line)),
    /** Waits until only the machines and Redis are left. */
    async expectNothingLeft(): Promise<void> {
      const others = async () =>
        (await commandLines()).filter(
          (line) => !/qemu-system|vde_switch|redis-server|valkey-server/.test(line),
        );
      await expect.poll(others, { timeout: 20_000 }).toEqual([]);
      expect((await readdir(home().folders.runtime)).toSorted()).toEqual([
        "redis",
        "two-machines-1",
      ]);
    },
  };
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
