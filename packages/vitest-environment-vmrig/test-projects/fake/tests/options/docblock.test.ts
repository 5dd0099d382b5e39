// @vitest-environment-options { "rollbak": "test" }
import { expect, test } from "vitest-environment-vmrig";

test("does not run", async ({ pc1 }) => {
  expect((await pc1.$`echo one`).stdout).toBe("one");
});
