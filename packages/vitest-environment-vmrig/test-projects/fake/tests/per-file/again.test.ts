import { expect, test } from "vitest-environment-vmrig";

const found: Record<"retried" | "repeated", boolean[]> = { retried: [], repeated: [] };

test("leaves a file", async ({ pc1 }) => {
  await pc1.file("left").write("");
});

test("fails twice", { retry: 2 }, async ({ pc1 }) => {
  found.retried.push(await pc1.file("left").exists());
  await pc1.file("left").write("");
  expect(found.retried).toHaveLength(3);
});

test("started clean after each failure", () => {
  expect(found.retried).toEqual([true, false, false]);
});

test("is repeated twice", { repeats: 2 }, async ({ pc1 }) => {
  found.repeated.push(await pc1.file("left").exists());
  await pc1.file("left").write("");
});

test("started clean at each repetition", () => {
  expect(found.repeated).toEqual([true, false, false]);
});
