import { expect, test } from "vitest-environment-vmrig";

test("accepts connections again", async ({ pc1 }) => {
  expect((await pc1.$`systemctl is-active ssh.service`).stdout).toBe("active");
});
