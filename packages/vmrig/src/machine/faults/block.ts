import type { FaultTarget } from "./fault-target.ts";
import { onLan, asRoot, refused } from "./run-as-root.ts";

/** Blocks by hardware address, so that no other protocol and no moved address passes. */
export async function block(machine: FaultTarget, other: FaultTarget): Promise<void> {
  await eachWay(machine, other, (mac) =>
    [
      `tc qdisc show dev "$lan" | grep -q clsact || tc qdisc add dev "$lan" clsact`,
      ...filters(mac).map(
        ([hook, match, pref]) =>
          `tc filter replace dev "$lan" ${hook} pref ${pref} handle 1 protocol all flower ${match} action drop`,
      ),
    ].join(" && "),
  );
}

export async function unblock(machine: FaultTarget, other: FaultTarget): Promise<void> {
  await eachWay(machine, other, (mac) =>
    filters(mac)
      .map(
        ([hook, , pref]) =>
          `{ tc filter delete dev "$lan" ${hook} pref ${pref} 2>/dev/null || true; }`,
      )
      .join(" && "),
  );
}

/**
 * Runs the script on both machines: a packet that one machine's filter misses is dropped by the
 * other one's, and after a reboot of one machine the other machine's filter remains.
 */
async function eachWay(
  machine: FaultTarget,
  other: FaultTarget,
  script: (mac: string) => string,
): Promise<void> {
  const [mine, theirs] = await Promise.all([hardwareAddress(machine), hardwareAddress(other)]);
  await Promise.all([
    asRoot(
      machine,
      `set the filter for ${other.name} on ${machine.name}`,
      onLan(machine, script(theirs)),
    ),
    asRoot(
      other,
      `set the filter for ${machine.name} on ${other.name}`,
      onLan(other, script(mine)),
    ),
  ]);
}

/** Returns the filters. Each has a unique preference, by which it can be found for removal. */
function filters(mac: string): ReadonlyArray<readonly [hook: string, match: string, pref: number]> {
  const pref = 1 + (Number.parseInt(mac.replaceAll(":", "").slice(-4), 16) % 60_000);
  return [
    ["ingress", `src_mac ${mac}`, pref],
    ["egress", `dst_mac ${mac}`, pref],
  ];
}

async function hardwareAddress(machine: FaultTarget): Promise<string> {
  const what = `read the hardware address of ${machine.name}`;
  const mac = (
    await asRoot(machine, what, onLan(machine, `cat "/sys/class/net/$lan/address"`))
  ).trim();
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) return mac;
  throw refused(what, mac);
}
