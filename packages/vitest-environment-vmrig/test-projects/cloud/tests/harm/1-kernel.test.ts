import { expect, test } from "vitest-environment-vmrig";

test("leaves a module, a sysctl, a network namespace and a process", async ({ pc1 }) => {
  await pc1.root.$`modprobe dummy && sysctl -w net.ipv4.ip_forward=1 && ip netns add left`;
  // This process survives a soft reboot: systemd does not end it.
  await pc1.root
    .$`systemd-run -p DefaultDependencies=no -p IgnoreOnIsolate=yes -p SurviveFinalKillSignal=yes sleep 7655`;
  expect((await pc1.root.$`pgrep -xc sleep`).stdout).toBe("1");
});
