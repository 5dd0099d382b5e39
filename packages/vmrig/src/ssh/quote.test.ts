import { execFileSync } from "node:child_process";
import { beforeEach, expect, test } from "vitest";
import { NASTY, randomText } from "./fixtures/nasty-text.test.kit.ts";
import { quote, quoteWord } from "./quote.ts";

let values: readonly string[];
beforeEach(() => {
  values = [...NASTY, ...randomText(400)];
});

/** Returns the words as the shell parsed them, each ended by a NUL. */
function words(shell: string, line: string): string[] {
  return execFileSync(shell, ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
}

for (const shell of ["sh", "bash"]) {
  for (const how of [quote, quoteWord]) {
    test(`${shell} reads each value unchanged through ${how.name}`, () => {
      expect(words(shell, values.map(how).join(" "))).toEqual(values);
    });
  }

  test(`in ${shell} a quoted value joins adjacent text and is not interpreted`, () => {
    expect(words(shell, values.map((value) => `a${quote(value)}b`).join(" "))).toEqual(
      values.map((value) => `a${value}b`),
    );
  });
}

test("leaves plain words bare, but quotes an assignment", () => {
  expect(["rsync", "-a", "src/", "10.77.0.12:dst/", "a=b"].map(quoteWord).join(" ")).toBe(
    "rsync -a src/ 10.77.0.12:dst/ 'a=b'",
  );
});

test("refuses a character that a command line cannot contain, and names its position", () => {
  expect(() => quote("ab\0c")).toThrow(
    expect.objectContaining({
      code: "COMMAND_INVALID",
      message: expect.stringContaining("NUL character (at position 2"),
    }),
  );
  expect(() => quoteWord("a\uD800")).toThrow(/half a surrogate pair \(at position 1/);
});
