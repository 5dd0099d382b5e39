import { expect, test } from "vitest-environment-vmrig";
import { RULE } from "../nftables.ts";

test("nothing of it is left", async ({ pc1 }) => {
  const { stdout } = await pc1.root
    .$`sysctl -n net.ipv4.ip_forward; ip netns list; pgrep -x sleep; grep '^dummy ' /proc/modules; true`;
  expect(stdout).toBe("0");
});

test("leaves an nftables rule, and a sysctl that only a boot sets back", async ({ pc1 }) => {
  expect((await pc1.root.$({ reject: false })`grep '^nf_tables ' /proc/modules`).stdout).toBe("");
  await pc1.root.$({ input: RULE })`python3 -`;
  expect((await pc1.root.$`grep -c '^nf_tables ' /proc/modules`).stdout).toBe("1");
  await pc1.root.$`sysctl -w kernel.kexec_load_disabled=1`;
});
