import { expect, test } from "vitest-environment-vmrig";

let path = "";

test("makes a temporary folder", async ({ pc1 }) => {
  const folder = await pc1.tmpdir();
  ({ path } = folder);
  await folder.file("x").write("1");
  expect(await pc1.file(path).exists()).toBe(true);
});

test("finds no folder of the previous test", async ({ pc1 }) => {
  expect(path).not.toBe("");
  expect(await pc1.file(path).exists()).toBe(false);
});
