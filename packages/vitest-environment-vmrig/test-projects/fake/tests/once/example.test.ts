import { describe, expect, setupOnce, test } from "vitest-environment-vmrig";

describe("with the app installed", () => {
  setupOnce(async ({ pc1 }) => {
    await pc1.$`mkdir app && echo 1.0 > app/version`;
  });

  test("it can be upgraded", async ({ pc1 }) => {
    await pc1.file("app/version").write("2.0\n");
    await expect(pc1.file("app/version")).toHaveText("2.0\n");
  });

  test("it can be removed", async ({ pc1 }) => {
    await expect(pc1.file("app/version")).toHaveText("1.0\n");
    await pc1.file("app").remove({ recursive: true });
  });
});
