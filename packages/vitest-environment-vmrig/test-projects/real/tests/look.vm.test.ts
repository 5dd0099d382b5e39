import { expect, test } from "vitest-environment-vmrig";

test("a command runs on pc1", async ({ pc1 }) => {
  expect((await pc1.$`hostname`).stdout).toBe("pc1");
});

test("the baseline contains what the recipe prepares", async ({ pc1 }) => {
  const wanted = process.env["TEST_RECIPE"] === undefined ? "no" : "yes";
  expect((await pc1.$`[ -e /etc/of-the-recipe ] && echo yes || echo no`).stdout).toBe(wanted);
});
