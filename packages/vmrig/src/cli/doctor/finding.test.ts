import { expect, test } from "vitest";
import type { Finding } from "../../driver/finding.ts";
import { findingLine } from "./finding.ts";

test("a finding is always one line", () => {
  const finding: Finding = {
    what: "config",
    status: "fail",
    measured: "a mistake:\n  name: is missing",
    fix: "write\none",
  };
  expect(findingLine(finding)).toBe("FAIL  config: a mistake: name: is missing — write one");
});
