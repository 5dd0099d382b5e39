// @vitest-environment-options { "rollback": "file" }
import { expect, test } from "vitest-environment-vmrig";

test("starts clean by its file's docblock", async ({ pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(false);
  // For the next run, which must not see it.
  await pc1.file("left").write("by the last file");
});
