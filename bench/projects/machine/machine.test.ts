import { expect, test } from "vitest-environment-vmrig";

test("runs a command", async ({ pc1 }) => {
  expect((await pc1.$`true`).exitCode).toBe(0);
});
