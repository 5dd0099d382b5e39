// @vitest-environment-options { "rollback": "test" }
import { expect, test } from "vitest-environment-vmrig";

test.for([1, 2, 3])("test %i starts clean", async (_number, { pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(false);
  await pc1.file("left").write("");
});
