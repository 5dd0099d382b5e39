import { expect, test } from "vitest-environment-vmrig";

test("nothing of it is left", async ({ pc1 }) => {
  // No rules without the module, which `nft list` would load.
  const { stdout } = await pc1.root
    .$`sysctl -n net.ipv4.ip_forward; ip netns list; pgrep -x sleep; grep -E '^(dummy|nf_tables) ' /proc/modules; true`;
  expect(stdout).toBe("0");
});

test("leaves a sysctl that only a boot sets back", async ({ pc1 }) => {
  await pc1.root.$`sysctl -w kernel.kexec_load_disabled=1`;
  expect((await pc1.root.$`sysctl -n kernel.kexec_load_disabled`).stdout).toBe("1");
});
