import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { captureChild } from "./child.mjs";
import { closingLine } from "./closing-line.mjs";

const reporter = fileURLToPath(new URL("closing-line.mjs", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/.bin/vitest", import.meta.url));
const nodeModules = fileURLToPath(new URL("../node_modules/vitest/dist/index.js", import.meta.url));

/** @type {string} */
let folder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const start = `import { expect, test, beforeAll, describe } from ${JSON.stringify(nodeModules)};\n`;
  await writeFile(
    join(folder, "mixed.test.mjs"),
    `${start}test("a", () => expect(1).toBe(1)); test("b", () => expect(1).toBe(2)); test.skip("c", () => {}); test("d", () => {});`,
  );
  await writeFile(join(folder, "broken.test.mjs"), `${start}throw new Error("before any test");`);
  await writeFile(
    join(folder, "setup.test.mjs"),
    `${start}describe("s", () => { beforeAll(() => { throw new Error("no machine"); }); test("never runs", () => {}); });`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** @param {NodeJS.ProcessEnv} [env] */
function runMixed(env = {}) {
  return captureChild(
    vitest,
    ["run", "--root", folder, "--reporter=default", `--reporter=${reporter}`],
    {
      cwd: folder,
      env: { ...process.env, VMRIG_CLOSING_LINE: "", ...env },
    },
  );
}

test("ends a run with its counts in one plain line, and counts broken files and suites as failed", async () => {
  const { code, stdout } = await runMixed();
  expect(code).toBe(1);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("2 passed, 3 failed, 2 skipped");
  expect(stdout).toContain("Test Files");
});

test("writes the line to the file that the caller names", async () => {
  const file = join(folder, "line");
  const { stdout } = await runMixed({ VMRIG_CLOSING_LINE: file });
  expect(await readFile(file, "utf8")).toBe("2 passed, 3 failed, 2 skipped\n");
  expect(stdout).not.toMatch(/^\d+ passed, \d+ failed/m);
});

test("does not mention skipped tests when there are none", () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
});
