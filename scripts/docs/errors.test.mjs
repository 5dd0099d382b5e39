import { expect, test } from "vitest";
import { CODES } from "../../packages/vmrig/src/errors/codes.ts";
import { headingsOf, readText } from "./markdown.mjs";

const text = await readText("docs/reference/errors.md");

/** The codes of the page in their order, each under the fault whose heading stands above it. */
function documented() {
  let fault = "";
  return headingsOf(text).flatMap(({ level, title }) => {
    if (level === 2) fault = /^Fault `(\w+)`$/.exec(title)?.[1] ?? "";
    return level === 3 ? [[title, fault]] : [];
  });
}

test("every code has its place under its fault, and nothing else has", () => {
  expect(documented()).toEqual(Object.entries(CODES));
});

test("every code has its causes and a hint", () => {
  const sections = text.split(/^#{2,3} /m).slice(1);
  const codes = sections.filter((section) => (section.split("\n")[0] ?? "") in CODES);
  expect(codes).toHaveLength(Object.keys(CODES).length);
  for (const section of codes)
    expect(section).toMatch(/^[A-Z_]+\n\n[^-\n][\s\S]+\n\n- Causes: [\s\S]+\n- Hint: /);
});
