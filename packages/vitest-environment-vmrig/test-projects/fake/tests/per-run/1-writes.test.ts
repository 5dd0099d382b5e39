import { expect, test } from "vitest-environment-vmrig";

test("starts clean and leaves a file", async ({ pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(false);
  await pc1.file("left").write("by the first file");
});
