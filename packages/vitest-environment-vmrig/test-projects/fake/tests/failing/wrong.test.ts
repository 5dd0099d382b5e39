import { expect, test } from "vitest-environment-vmrig";

test("expects the wrong name", async ({ pc1 }) => {
  expect((await pc1.$`hostname`).stdout).toBe("pc7");
});

test("runs a command that fails", async ({ pc1 }) => {
  await pc1.$`echo out of paper >&2; exit 3`;
});

test("works", async ({ pc1 }) => {
  expect((await pc1.$`hostname`).stdout).toBe("pc1");
});
