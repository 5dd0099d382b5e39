import { expect, test } from "vitest";
import { literal } from "./literal.ts";

test("escapes values and names of members at every depth", () => {
  expect(literal({ "${a}": ["%{b}", { c: "$${d}" }], plain: "$ { % {", n: 1, none: null })).toEqual(
    {
      "$${a}": ["%%{b}", { c: "$$${d}" }],
      plain: "$ { % {",
      n: 1,
      none: null,
    },
  );
});

test.for(["${TfToken[TOKEN.0]}", "#{TfToken[TOKEN.1]}"])(
  "refuses %s, which cdktf would mistake for its own placeholder",
  (text) => {
    expect(() => literal({ deep: [text] })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }) as Error,
    );
  },
);
