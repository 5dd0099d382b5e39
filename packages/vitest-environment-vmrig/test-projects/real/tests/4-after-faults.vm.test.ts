import { expect, test } from "vitest-environment-vmrig";

test(
  "the next file finds its baseline: links, clock, disk and snapshots",
  { timeout: 240_000 },
  async ({ pc1, pc2 }) => {
    expect(
      (await pc1.root.$`ls /home/vmrig; ping -c 1 -W 5 ${pc2.address} >/dev/null && echo seen`)
        .stdout,
    ).toBe("seen");
    expect(Math.abs(Number((await pc1.$`date +%s`).stdout) - Date.now() / 1000)).toBeLessThan(60);
    expect(
      (await pc1.root.$`tc qdisc show; ls -d /.vmrig-fill 2>/dev/null || true`).stdout,
    ).not.toMatch(/netem|clsact|vmrig-fill/);
  },
);
