import { VmrigError } from "../../errors/vmrig-error.ts";
import { toMilliseconds, type Duration } from "../duration-option.ts";
import type { FaultTarget } from "./fault-target.ts";

export interface SlowOptions {
  /** Delay of each packet that the machine sends. A round trip takes this much longer. */
  readonly latency?: Duration;
  /** Share of sent packets that are lost. */
  readonly loss?: `${number}%`;
}

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

export async function slow(machine: FaultTarget, { latency, loss }: SlowOptions): Promise<void> {
  if (loss !== undefined && !/^(100|\d{1,2}(\.\d+)?)%$/.test(loss)) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `${JSON.stringify(loss)} is not a packet loss: write "5%".`,
    });
  }
  const how = [
    latency === undefined ? "" : `delay ${toMilliseconds(latency)}ms`,
    loss === undefined ? "" : `loss ${loss}`,
  ]
    .join(" ")
    .trim();
  const normal = `tc qdisc delete dev "$lan" root 2>/dev/null || true`;
  await asRoot(
    machine,
    "be slowed down",
    onLan(machine, how === "" ? normal : `tc qdisc replace dev "$lan" root netem ${how}`),
  );
}

/**
 * Sets the clock relative to the real time, which is the time of this computer. Repeating the call
 * does not add up.
 */
export async function skewClock(machine: FaultTarget, by: Duration): Promise<void> {
  const text = typeof by === "number" ? `${by}ms` : by;
  const sign = text.startsWith("-") ? -1 : 1;
  const seconds = (Date.now() + sign * toMilliseconds(text.replace(/^[-+]/, ""))) / 1000;
  await asRoot(machine, "set its clock", `date -s @${seconds.toFixed(3)} >/dev/null`);
}

/**
 * Shell: `fallocate` reserves space without writing. No file system reports its free space to the
 * byte, so the chunks shrink until none fits.
 */
const FILL = [
  'cd "$1" && mkdir -p .vmrig-fill && cd .vmrig-fill || exit 1',
  '[ "$2" -eq 0 ] || fallocate -l "$2" reserved || exit 1',
  'piece=1073741824; n=$(ls | wc -l); while [ "$piece" -ge 65536 ]',
  'do if fallocate -l "$piece" "$n" 2>/dev/null; then n=$(( n + 1 )); else rm -f "$n"; piece=$(( piece / 2 )); fi; done',
  "rm -f reserved; sync",
].join("; ");

export async function fillDisk(
  machine: FaultTarget,
  { folder = "/", leave = 0 }: { readonly folder?: string; readonly leave?: number },
): Promise<void> {
  if (!Number.isSafeInteger(leave) || leave < 0)
    throw new VmrigError("COMMAND_INVALID", { message: `${leave} is not a number of bytes.` });
  const { failed, stderr } = await machine.root.exec(
    "sh",
    ["-c", FILL, "sh", folder, String(leave)],
    { reject: false },
  );
  if (failed) throw refused(machine, "fill its disk", stderr);
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
    asRoot(machine, `be cut off from ${other.name}`, onLan(machine, script(theirs))),
    asRoot(other, `be cut off from ${machine.name}`, onLan(other, script(mine))),
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

/** Returns a line in which `$lan` is the interface of the rig's network. */
function onLan({ address }: FaultTarget, line: string): string {
  return `set -- $(ip -o -4 address show to ${address}/32); lan=$2; [ -n "$lan" ] || { echo "no interface has ${address}" >&2; exit 1; }; ${line}`;
}

async function hardwareAddress(machine: FaultTarget): Promise<string> {
  const mac = (
    await asRoot(
      machine,
      "report its hardware address",
      onLan(machine, `cat "/sys/class/net/$lan/address"`),
    )
  ).trim();
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) return mac;
  throw refused(machine, "report its hardware address", mac);
}

async function asRoot(machine: FaultTarget, what: string, line: string): Promise<string> {
  const { failed, stdout, stderr } = await machine.root.exec("sh", ["-c", line], { reject: false });
  if (failed) throw refused(machine, what, stderr);
  return stdout;
}

function refused({ name }: FaultTarget, what: string, output: string): VmrigError {
  return new VmrigError("FAULT_FAILED", {
    message: `${name} could not ${what}.`,
    details: output
      .trim()
      .split("\n")
      .slice(-4)
      .map((line) => `it said: ${line}`),
    hint: "the machine needs `ip` and `tc` of iproute2, `date`, `df` and `fallocate`, and a kernel with sch_netem and cls_flower",
  });
}
