import { checkValue, checkText, quoted, type ExpectedText } from "./check.ts";
import { matcher, matcherOf } from "./matcher.ts";

const octal = (mode: number): string => `0${mode.toString(8).padStart(3, "0")}`;

export const fileChecks = {
  toExist: matcher({
    about: ["file", "user", "group", "interface"],
    words: "to exist",
    async look({ of }) {
      const there = await of.exists();
      return checkValue(there, there ? "it is there" : "it is not there");
    },
  }),
  toHaveText: matcherOf<ExpectedText>()({
    about: ["file"],
    words: "to have the text",
    look: async ({ of }, expected, { equals }) => checkText(await of.text(), expected, equals),
  }),
  toContainText: matcherOf<string | RegExp>()({
    about: ["file"],
    words: "to contain the text",
    async look({ of }, expected) {
      const text = await of.text();
      const pass =
        typeof expected === "string" ? text.includes(expected) : new RegExp(expected).test(text);
      return checkValue(pass, quoted(text), { actual: text, expected });
    },
  }),
  toHaveMode: matcherOf<number>()({
    about: ["file"],
    words: "to have mode",
    show: octal,
    async look({ of }, expected) {
      const mode = (await of.stat()).mode & 0o7777;
      return checkValue(mode === expected, `mode ${octal(mode)}`, {
        actual: octal(mode),
        expected: octal(expected),
      });
    },
  }),
  toHaveOwner: matcherOf<string>()({
    about: ["file"],
    words: "to belong to",
    show: (owner) => owner,
    async look({ of }, expected) {
      const { user, group } = await of.stat();
      const [wantedUser = "", wantedGroup] = expected.split(":");
      const pass =
        (wantedUser === "" || wantedUser === user) &&
        (wantedGroup === undefined || wantedGroup === group);
      return checkValue(pass, `${user}:${group}`, {
        actual: wantedGroup === undefined ? user : `${wantedUser && user}:${group}`,
        expected,
      });
    },
  }),
};
