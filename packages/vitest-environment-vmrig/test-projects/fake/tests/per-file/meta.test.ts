import { describe, expect, test } from "vitest-environment-vmrig";

test("leaves a file", async ({ pc1 }) => {
  await pc1.file("left").write("");
});

test("starts clean by its own meta", { meta: { vmrig: { rollback: "test" } } }, async ({ pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(false);
  await pc1.file("left").write("");
});

describe("a group with meta", { meta: { vmrig: { rollback: "test" } } }, () => {
  test.for([1, 2])("test %i starts clean", async (_number, { pc1 }) => {
    expect(await pc1.file("left").exists()).toBe(false);
    await pc1.file("left").write("");
  });
});

test("without meta sees what the test before it left", async ({ pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(true);
});
