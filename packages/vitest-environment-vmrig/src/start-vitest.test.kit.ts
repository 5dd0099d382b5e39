import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import type { Home } from "./home.test.kit.ts";

const VITEST = fileURLToPath(new URL("../vitest.mjs", import.meta.resolve("vitest")));

/**
 * Returns an environment as in a new terminal, without variables of the Vitest that runs this test.
 */
export const asAPerson = ({ env }: Home) => ({
  ...env,
  NO_COLOR: "1",
  VITEST: undefined,
  VITEST_POOL_ID: undefined,
  VITEST_WORKER_ID: undefined,
});

/**
 * Starts `vitest run` as a person would, in its own process group, with the given words and
 * variables.
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
    timeout: 780_000,
  });
}

export async function runVitest(
  ...args: Parameters<typeof startVitest>
): Promise<{ code: number | undefined; output: string }> {
  const { exitCode, all } = await startVitest(...args);
  return { code: exitCode, output: stripVTControlCharacters(all) };
}
