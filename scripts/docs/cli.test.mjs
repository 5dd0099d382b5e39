import { expect, test } from "vitest";
import { exitCode } from "../../packages/vmrig/src/cli/exit-code.ts";
import { HELP } from "../../packages/vmrig/src/cli/help.ts";
import { CODES } from "../../packages/vmrig/src/errors/codes.ts";
import { blocksOf, headingsOf, namesIn, readText, rowsOf } from "./markdown.mjs";

const text = await readText("docs/reference/cli.md");

test("the page begins with the command's own help", () => {
  expect(blocksOf(text)[0]?.code).toBe(HELP);
});

test("every verb of the help has its section, and no other", () => {
  const verbs = [...HELP.matchAll(/^ {2}(vmrig \w+)/gm)].map(([, verb]) => verb);
  const sections = headingsOf(text)
    .map(({ title }) => title)
    .filter((title) => title.startsWith("vmrig "));
  expect(verbs.length).toBeGreaterThan(1);
  expect(sections).toEqual(verbs);
});

test("the exit codes are those of the faults", () => {
  const documented = rowsOf(text).flatMap(([code = "", fault = ""]) => namesIn(fault).map((name) => [name, Number(code)]));
  const faults = [...new Set(Object.values(CODES))];
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(faults.map((fault) => [fault, exitCode(fault)])));
});
