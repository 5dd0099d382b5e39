import { expect, test } from "vitest";
import { visibleAttributes } from "./visible-attributes.ts";

const step = (value: unknown, type = "get_attr") => ({ type, value });

test.each<[title: string, attributes: object, sensitive: readonly unknown[], visible: object]>([
  ["a marked attribute", { a: "s", b: 1 }, [[step("a")]], { a: "(sensitive)", b: 1 }],
  [
    "everything beside a marked value in the same attribute",
    { a: { x: "s", y: 1 }, b: 1 },
    [[step("a"), step("x")]],
    { a: "(sensitive)", b: 1 },
  ],
  [
    "all attributes, when a path is not understood",
    { a: "s" },
    [[step(0, "index")]],
    { a: "(sensitive)" },
  ],
  [
    "attributes whose name says so, at any depth",
    { root_password: "s", list: [{ user_token: "s", id: 1 }], private_ip: "10.0.0.1" },
    [],
    {
      root_password: "(sensitive)",
      list: [{ user_token: "(sensitive)", id: 1 }],
      private_ip: "10.0.0.1",
    },
  ],
])("%s is hidden", (_, attributes, sensitive, visible) => {
  const shown = visibleAttributes({ attributes: { ...attributes }, sensitive });
  expect(shown).toEqual(visible);
});
