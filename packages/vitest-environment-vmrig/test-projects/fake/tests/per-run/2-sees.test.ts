import { expect, test } from "vitest-environment-vmrig";

test("sees what the file before it left", async ({ pc1 }) => {
  expect(await pc1.file("left").text()).toBe("by the first file");
});
