import { describe, expect, setupOnce, test } from "vitest-environment-vmrig";

let times = 0;

setupOnce(async ({ pc1 }) => {
  times += 1;
  // The file that the other test file wrote is not here.
  expect((await pc1.$`ls`).stdout).toBe("");
  await pc1.file("state").write("of the file");
});

test("a test of the file starts from the setup", async ({ pc1 }) => {
  expect(await pc1.file("state").text()).toBe("of the file");
  await pc1.file("state").write("changed");
});

describe("a group", () => {
  test("a test of a group starts from the setup, too", async ({ pc1 }) => {
    expect(await pc1.file("state").text()).toBe("of the file");
    expect(times).toBe(1);
  });
});
