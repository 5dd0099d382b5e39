import { describe, expect, setupOnce, test } from "vitest-environment-vmrig";

describe("a setup that fails", () => {
  setupOnce(async ({ pc1 }) => {
    await pc1.$`echo tried >> tries; cat tries; echo no room for the app >&2; exit 28`;
  });

  test("fails its first test", { retry: 1 }, () => {});
  test("fails its second test", () => {});

  describe("around another one", () => {
    setupOnce(async ({ pc1 }) => {
      await pc1.$`echo the inner one`;
    });

    test("fails the tests of that one", () => {});
  });
});

test("does not affect the tests after it", async ({ pc1 }) => {
  expect((await pc1.$`ls`).stdout).toBe("");
});

describe("a setup that takes too long", () => {
  setupOnce(async ({ pc1 }) => {
    await pc1.$`echo before the time was over; sleep 600`;
  }, 1_500);

  test("fails its test in time", () => {});
});
