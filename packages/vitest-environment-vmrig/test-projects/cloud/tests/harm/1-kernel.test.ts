import { expect, test } from "vitest-environment-vmrig";

const RULES = `table ip left {
  chain input { type filter hook input priority 0; tcp dport 7 drop; }
}`;

test("leaves a module, a sysctl, a network namespace, an nftables rule and a process", async ({
  pc1,
}) => {
  await pc1.root.$`modprobe dummy && sysctl -w net.ipv4.ip_forward=1 && ip netns add left`;
  await pc1.root.$({ input: RULES })`nft -f -`;
  // This process survives a soft reboot: systemd does not end it.
  await pc1.root
    .$`systemd-run -p DefaultDependencies=no -p IgnoreOnIsolate=yes -p SurviveFinalKillSignal=yes sleep 7655`;
  expect((await pc1.root.$`pgrep -xc sleep`).stdout).toBe("1");
});
