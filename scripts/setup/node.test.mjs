import { expect, test } from "vitest";
import { isRecentNode } from "./node.mjs";

test.each([
  ["20.20.2", false],
  ["22.12.0", false],
  ["22.17.9", false],
  ["22.18.0", true],
  ["23.0.0", true],
  ["24.21.0", true],
])("Node %s can run everything here: %s", (version, recent) => {
  expect(isRecentNode(version)).toBe(recent);
});
