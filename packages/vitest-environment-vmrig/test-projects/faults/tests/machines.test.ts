import { expect, test } from "vitest-environment-vmrig";

test("needs a machine", async ({ pc1 }) => {
  expect((await pc1.$`hostname`).stdout).toBe("pc1");
});
