import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import type { Home } from "./home.test.kit.ts";

const VITEST = fileURLToPath(new URL("../vitest.mjs", import.meta.resolve("vitest")));

/** As where somebody types a command: nothing of the Vitest that this runs in. */
export const asAPerson = ({ env }: Home) => ({
  ...env,
  NO_COLOR: "1",
  VITEST: undefined,
  VITEST_POOL_ID: undefined,
  VITEST_WORKER_ID: undefined,
});

/**
 * TestStartState `vitest run` as a person would, in its own process group, with the words and
 * variables given.
 */
export function startVitest(
  home: Home,
  folder: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  return execa(process.execPath, [VITEST, "run", ...words], {
    cwd: folder,
    env: { ...asAPerson(home), ...env },
    reject: false,
    all: true,
    detached: true,
    timeout: 400_000,
  });
}

export async function runVitest(
  ...args: Parameters<typeof startVitest>
): Promise<{ code: number | undefined; output: string }> {
  const { exitCode, all } = await startVitest(...args);
  return { code: exitCode, output: stripVTControlCharacters(all) };
}
