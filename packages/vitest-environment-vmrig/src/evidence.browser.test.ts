import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openWindow, type Window } from "./browser.test.kit.ts";
import { serveFolder } from "./serve-folder.test.kit.ts";
import { EVIDENCE, openVitestRunner, type VitestRunner } from "./vitest-run.test.kit.ts";

/** Two of the project's tests: one passes, one fails. */
const TESTS = ["--testNamePattern=^(passes|fails)$"];
const ENV = { DEPLOY_TOKEN: "hunter2-of-config" };

let runner: VitestRunner;
let window: Window;
beforeAll(async () => {
  window = await openWindow();
  runner = await openVitestRunner();
});
afterAll(async () => {
  await window?.[Symbol.asyncDispose]();
  await runner?.[Symbol.asyncDispose]();
});

/**
 * Opens the failed test in the report, as a person would.
 *
 * @returns the visible text, and the content behind the link
 */
async function show(
  url: string,
): Promise<{ readonly shown: string; readonly name: string; readonly kept: string }> {
  const { page } = window;
  await page.goto(url);
  await page.getByText("fails", { exact: true }).click();
  const link = page.getByRole("link", { name: "Download" });
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const kept = await readFile(await download.path(), "utf8");
  return { shown: await textOf(page), name: download.suggestedFilename(), kept };
}

/** Returns the text of the page without hidden elements. */
function textOf(page: Page): Promise<string> {
  return page.locator("body").innerText();
}

function expectEvidence({ shown, name, kept }: Awaited<ReturnType<typeof show>>): void {
  expect(shown).toMatch(/^evidence of pcs-1: \S+\.txt$/m);
  expect(shown).toContain(
    'pc1 vmrig$ echo "the app said: $ANY_NAME" >&2; exit 3 → exited with 3 after',
  );
  expect(shown).toMatch(/journal of pc1:\n.*error: could not bind, password was \*\*\*/);
  expect(shown).not.toContain("hunter2");
  expect(name).toBe("evidence-of-pcs-1.txt");
  expect(kept).toMatch(/^=== commands on pcs-1 ===\n/);
  expect(kept).toMatch(/^ {4}stderr: the app said: \*\*\*$/m);
  expect(kept).toContain("=== console of pc1 ===");
  expect(kept).not.toContain("hunter2");
}

test("the HTML report shows a failed test's highlights, and links its evidence", async () => {
  const folder = await runner.folder();
  const words = [
    "run",
    "--config=html.vitest.config.ts",
    `--attachmentsDir=${join(folder, "attachments")}`,
    ...TESTS,
  ];
  await runner.vitest(EVIDENCE, words, { ...ENV, TEST_FOLDER: folder });
  await using report = await serveFolder(join(folder, "report"));
  expectEvidence(await show(report.url));
});

test("`vitest --ui` shows them while it waits for the next change", async () => {
  // Vitest's server serves no attachment from outside of the project.
  const attachments = join(EVIDENCE, ".vitest");
  onTestFinished(() => rm(attachments, { recursive: true, force: true }));
  const words = [
    "--ui",
    "--watch",
    "--open=false",
    "--api.host=127.0.0.1",
    "--api.port=0",
    `--attachmentsDir=${attachments}`,
  ];
  const live = await runner.start(EVIDENCE, [...words, ...TESTS], ENV);
  await live.prints(/Watching for file changes/);
  const [url = ""] = /http:\/\/127\.0\.0\.1:\S+/.exec(live.output()) ?? [];
  expectEvidence(await show(url));
  live.kill("SIGTERM");
  await live.ended;
});
