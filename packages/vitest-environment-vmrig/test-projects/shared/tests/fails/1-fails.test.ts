import { expect, test } from "vitest-environment-vmrig";
import { note } from "../event-log.ts";

test("leaves a file and fails", async ({ pc1 }) => {
  await pc1.file("evidence").write("as the failed test left it");
  expect((await pc1.$`ls`).stdout).toBe("something else");
});

test("runs after it in the same file", () => note("same file"));
