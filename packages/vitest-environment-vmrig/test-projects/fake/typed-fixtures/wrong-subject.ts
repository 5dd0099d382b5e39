import { expect, test } from "vitest-environment-vmrig";

// Each line is a mistake. The suite compiles this file and expects the errors; it never runs.
test("uses matchers on what they are not about", async ({ pc1 }) => {
  await expect(pc1).toExist();
  await expect("/etc/hosts").toHaveText("hello\n");
  await expect(pc1.port(80)).toBeRunning();
  await expect(pc1.$`true`).toExitWith(0);
  await expect(pc1.file("a")).toHaveMode("0644");
  await expect(pc1.file("a")).toExist({ timeout: "10s", retries: 3 });
});
