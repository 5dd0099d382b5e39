import { expect, test } from "vitest-environment-vmrig";

test(
  "wipes pc1 and sets the clock of pc2 a year ahead",
  { timeout: 240_000 },
  async ({ pc1, pc2 }) => {
    await pc1.root.$({ reject: false, timeout: "2m" })`rm -rf --no-preserve-root /`;
    expect((await pc1.$({ reject: false })`cat /etc/passwd`).failed).toBe(true);
    await pc2.root.$`date -s '+1 year'`;
    expect(Number((await pc2.$`date +%s`).stdout) - Date.now() / 1000).toBeGreaterThan(
      300 * 86_400,
    );
  },
);
