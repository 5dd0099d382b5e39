import { describe, expect, setupOnce, test } from "vitest-environment-vmrig";

const misspelled: object = { Strict: true };

test("does not run either", { meta: { vmrig: misspelled } }, async ({ pc1 }) => {
  expect((await pc1.$`echo one`).stdout).toBe("one");
});

test("runs", { meta: { vmrig: { strict: true } } }, async ({ pc1 }) => {
  expect((await pc1.$`echo one`).stdout).toBe("one");
});

describe("a setup", () => {
  test("throws at once", () => {
    expect(() => setupOnce(() => {}, { timeout: 1000 } as never)).toThrow(
      "The second argument of setupOnce() must be a number of milliseconds.",
    );
  });
});
