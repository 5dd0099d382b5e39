import { expect, test } from "vitest";
import { createSecrets, hideIn } from "./secrets.ts";

test("hides a secret, each of its lines, and its forms quoted for a shell and for JSON", () => {
  const secrets = createSecrets(["of the config"]);
  secrets.add("it's me");
  secrets.add(Buffer.from('first "line"\nsecond line\n'));
  const shown = [
    "of the config",
    `'it'\\''s me'`,
    `log: second line!`,
    JSON.stringify('first "line"'),
    "password=by-its-name",
  ];
  expect(shown.map(secrets.hide)).toEqual(["***", "'***'", "log: ***!", '"***"', "password=***"]);
});

test("hides the longer of two secrets if one is a part of the other", () => {
  const secrets = createSecrets();
  secrets.add("token");
  secrets.add("token-and-more");
  expect(secrets.hide("token-and-more, token")).toBe("***, ***");
});

test("keeps words of three letters, which are too short for a secret", () => {
  const secrets = createSecrets();
  secrets.add("yes");
  expect(secrets.hide("yes, of course")).toBe("yes, of course");
});

test("hides a secret everywhere in an error: message, stack, fields and cause", () => {
  const secrets = createSecrets(["hunter2"]);
  const error = Object.assign(new Error("a hunter2", { cause: new Error("b hunter2") }), {
    stdout: "c hunter2",
    all: ["d hunter2"],
  });
  Object.assign(error, { itself: error });
  hideIn(error, secrets);
  const { message, stack, cause, stdout, all } = error;
  const shown = [message, stack, (cause as Error).message, (cause as Error).stack, stdout, ...all];
  expect(shown.join("\n")).not.toContain("hunter2");
  expect(message).toBe("a ***");
});
