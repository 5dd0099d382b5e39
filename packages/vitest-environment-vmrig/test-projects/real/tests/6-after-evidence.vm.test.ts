import { expect, test } from "vitest-environment-vmrig";

test("finds no traces of the file before it", async ({ pc1, pc2 }) => {
  await expect(pc1.file("/etc/systemd/system/greeter.service")).not.toExist();
  await expect(pc1.waitForConsole(/Kernel panic/, { timeout: "1s" })).rejects.toThrow("Waited");
  await expect(() => pc2.$`true`).toSucceed();
});
