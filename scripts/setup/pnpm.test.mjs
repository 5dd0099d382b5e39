import { expect, test } from "vitest";
import { pinnedPnpm } from "./pnpm.mjs";

test("reads the pinned version, with or without a hash", () => {
  expect(pinnedPnpm("pnpm@12.21.0")).toBe("12.21.0");
  expect(pinnedPnpm("pnpm@12.21.0+sha512.abc")).toBe("12.21.0");
});

test.each([undefined, "npm@11.0.0", "pnpm@latest"])(
  "rejects %j, which pins no version",
  (field) => {
    expect(() => pinnedPnpm(field)).toThrow("pins no pnpm");
  },
);
