import { expect, test } from "vitest-environment-vmrig";

test("pc1 works and pc2 knows the time", async ({ pc1, pc2 }) => {
  expect((await pc1.$`grep -c root: /etc/passwd`).stdout).toBe("1");
  expect(Math.abs(Number((await pc2.$`date +%s`).stdout) - Date.now() / 1000)).toBeLessThan(30);
});
