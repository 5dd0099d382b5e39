import { expect, test } from "vitest";

test("needs no machine", () => {
  expect(1 + 1).toBe(2);
});
