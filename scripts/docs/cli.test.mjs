import { expect, test } from "vitest";
import { exitCode } from "../../packages/vmrig/src/cli/exit-code.ts";
import { helpText } from "../../packages/vmrig/src/cli/help.ts";
import { VERBS } from "../../packages/vmrig/src/cli/table.ts";
import { CODES } from "../../packages/vmrig/src/errors/codes.ts";
import { blocksOf, headingsOf, namesIn, readText, rowsOf } from "./markdown.mjs";

const text = await readText("docs/reference/cli.md");
/** Every verb, and after a group its verbs. */
const ALL = VERBS.flatMap((verb) => ("verbs" in verb ? [verb, ...verb.verbs] : [verb]));

test("the page begins with the command's own help", () => {
  expect(blocksOf(text)[0]?.code).toBe(helpText());
});

test("every verb of the help has its section, in the same order, and no other", () => {
  const sections = headingsOf(text)
    .map(({ title }) => title)
    .filter((title) => title.startsWith("vmrig "));
  expect(sections).toEqual(ALL.map(({ name }) => `vmrig ${name}`));
});

test.each(ALL)("the section of $name begins with what `vmrig $name --help` says", (verb) => {
  const section =
    text.split(/^##+ /m).find((part) => part.startsWith(`vmrig ${verb.name}\n`)) ?? "";
  expect(blocksOf(section)[0]?.code).toBe(helpText(verb));
});

test("the exit codes are those of the faults", () => {
  const documented = rowsOf(text.slice(text.indexOf("\n## Exit codes\n"))).flatMap(
    ([code = "", fault = ""]) => namesIn(fault).map((name) => [name, Number(code)]),
  );
  const faults = [...new Set(Object.values(CODES))];
  expect(Object.fromEntries(documented)).toEqual(
    Object.fromEntries(faults.map((fault) => [fault, exitCode(fault)])),
  );
});
