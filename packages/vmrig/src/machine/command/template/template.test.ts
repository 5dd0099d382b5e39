import { execFileSync } from "node:child_process";
import { beforeEach, describe, expect, test } from "vitest";
import { NASTY, randomText } from "../../../ssh/fixtures/nasty-text.test.kit.ts";
import { toLine } from "./template.ts";
import type { TemplateValue } from "./template-value.ts";

const line = (strings: TemplateStringsArray, ...embedded: readonly TemplateValue[]): string =>
  toLine(strings, embedded);

describe.each(["sh", "bash"])("parsed by %s", (shell) => {
  let values: readonly string[];
  beforeEach(() => {
    values = [...NASTY, ...randomText(60)];
  });
  const run = (command: string): string =>
    execFileSync(shell, ["-c", command], { encoding: "utf8" });
  /**
   * Runs the commands of all values on separate lines of one shell: a process for each would take
   * minutes on a busy computer.
   */
  const expectEach = (
    command: (value: string) => string,
    printed: (value: string) => string,
  ): void => expect(run(values.map(command).join("\n"))).toBe(values.map(printed).join(""));

  test("a value is one argument with any characters", () => {
    expectEach(
      (value) => line`printf '[%s]' ${value} end; echo`,
      (value) => `[${value}][end]\n`,
    );
  });

  test("a list is as many arguments, and an empty one is none", () => {
    expect(run(line`printf '<%s>' ${values} ${[]} end`)).toBe(
      [...values, "end"].map((value) => `<${value}>`).join(""),
    );
  });

  test("text next to a value belongs to the same argument", () => {
    expectEach(
      (value) => line`printf '[%s]' a${value}b-${value}; echo`,
      (value) => `[a${value}b-${value}]\n`,
    );
  });

  test("a digit before a redirection and a keyword stay text", () => {
    expect(run(line`echo ${2}>&1`)).toBe("2\n");
    expect(run(line`${"if"} 2>/dev/null || echo no such command`)).toBe("no such command\n");
  });

  test("inside quotes of either kind a value is part of the quoted text", () => {
    expectEach(
      (value) => line`printf '[%s]' "a ${value} b" 'a ${value} b'; echo`,
      (value) => `[a ${value} b][a ${value} b]\n`,
    );
  });

  test("inside $(…), in quotes or not, a value is one argument of the inner command", () => {
    expectEach(
      (value) => line`printf '[%s]' "$(printf '%s.' ${value} "(${value})")"; echo`,
      (value) => `[${value}.(${value}).]\n`,
    );
  });

  test("inside $(…) in an expansion or in arithmetic, a value is one argument of the inner command", () => {
    expectEach(
      (value) => line`printf '[%s]' "\${NONE:-$(printf %s. ${value})}" \${NONE:-${value}}; echo`,
      (value) => `[${value}.][${value}]\n`,
    );
    expect(
      run(line`echo $(((1<<2) + $(printf %s ${"a b"} | wc -w)))
      printf '<%s>' ${"it's"}`),
    ).toBe("6\n<it's>");
  });

  test("a comment begins after a continued line, and no other blank begins one", () => {
    expect(
      run(line`printf '<%s>' a \\
# don't
      printf '<%s>' \u00A0#'${"$x"}' ${"it's"}; (true) # don't
      printf '<%s>' ${"it's"}`),
    ).toBe("<a><\u00A0#$x><it's><it's>");
  });

  test("an apostrophe in a comment starts no quotation, and # inside a word starts no comment", () => {
    expect(
      run(line`# don't
      printf '<%s>' ${"it's"} a#'b'${"$x"}`),
    ).toBe("<it's><a#b$x>");
  });

  test("the shell interprets pipes, redirections, expansions and escaped quotes of the literal text", () => {
    expect(run(line`V=1; echo \\'${"a b"}\\" "$V" \${V} | tr a-z A-Z 2>/dev/null`)).toBe(
      `'A B" 1 1\n`,
    );
  });
});

test("the result of a command is replaced by its stdout", () => {
  expect(line`kill ${{ stdout: "42" }}`).toBe("kill '42'");
});

describe("is rejected where the shell would change it", () => {
  test.each([
    ["right after a backslash", () => line`echo \\${"x"}`],
    ["right after a backslash in quotes", () => line`echo "\\${"x"}"`],
    ["right after `$`", () => line`echo "$${"x"}"`],
    ["inside backticks", () => line`echo \`cat ${"x"}\``],
    ["inside $'…'", () => line`echo $'a ${"x"}'`],
    ["inside a comment", () => line`echo # ${"x"}`],
    [
      "inside a here-document",
      () => line`cat <<EOF
      ${"x"}
      EOF`,
    ],
    [
      "inside a here-document",
      () => line`cat <<!
      ${"x"}
      !`,
    ],
    ["inside arithmetic", () => line`echo $((${"x"} + 1))`],
    ["inside arithmetic", () => line`((i = (1 + "${"x"}")))`],
    ["inside arithmetic", () => line`echo $[${"x"}]`],
    [`inside "\${…}"`, () => line`echo "\${NONE:-${"x"}}"`],
    [`inside "\${…}"`, () => line`echo "\${NONE:-"${"x"}"}"`],
    [
      "after `)#`",
      () => line`(true)# don't
      echo ${"x"}`,
    ],
    ['after a `case` inside "$(…)"', () => line`echo "$(case a in a) echo ${"x"};; esac)"`],
    ["inside quotes, where a list has no words", () => line`echo "${["a", "b"]}"`],
  ])("a value %s", (where, make) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: "COMMAND_INVALID",
        message: expect.stringContaining(where.replace(" in quotes", "")),
      }),
    );
  });
});

test("a here-string and a shift are not a here-document", () => {
  expect(line`cat <<<${"x"}
    echo $((1<<2)) ${"y"}`).toContain("'y'");
});

describe("values that are not text are rejected with their type", () => {
  test.each<readonly [string, unknown]>([
    ["is undefined", undefined],
    ["is null", null],
    ["is a boolean", true],
    ["is an object (Object)", { a: 1 }],
    ["is an object (Date)", new Date(0)],
    ["is a list in a list", [["a"]]],
    ["is undefined", ["a", undefined]],
    ["is a promise: write ${await …}", Promise.resolve("x")],
  ])("%s", (what, value) => {
    expect(() => line`echo ok ${"fine"} ${value as string}`).toThrow(
      expect.objectContaining({
        code: "COMMAND_INVALID",
        summary: expect.stringContaining(`Value 2 of the command ${what}`),
      }),
    );
  });

  test("rejects NUL, an empty line and an invalid escape", () => {
    expect(() => line`echo ${"a\0b"}`).toThrow(/NUL character/);
    expect(() => line`echo "${"a\0b"}"`).toThrow(/NUL character/);
    expect(() => line` `).toThrow("The command is empty.");
    expect(() => line`echo \u{zz}`).toThrow(/invalid backslash sequence/);
  });
});
