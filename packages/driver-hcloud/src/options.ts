import { isIP } from "node:net";
import { checkOptions, VmrigError, type OptionNames } from "vmrig/driver";

export interface HcloudOptions {
  /**
   * Locations in order of preference, all of one network zone: `["fsn1", "nbg1"]`. The next one is
   * tried when one has no room.
   */
  readonly locations: readonly string[];
  /** Server types in order of preference, all of one architecture: `["cx23", "cpx22"]`. */
  readonly serverTypes: readonly string[];
  /** Name of an image that `vmrig image publish` uploaded. @defaultValue `"debian-13"` */
  readonly image?: string;
  readonly firewall: FirewallOptions;
  readonly network?: NetworkOptions;
}

export interface NetworkOptions {
  /**
   * Private network of each copy, as CIDR of a /24 or larger. The machines are in its first /24. A
   * change replaces the network. @defaultValue `"10.77.0.0/16"`
   */
  readonly range?: string;
}

export interface FirewallOptions {
  /**
   * Networks from which SSH is possible, as CIDR: `["203.0.113.0/24"]`. Everything else from
   * outside is refused.
   */
  readonly ssh: readonly string[];
}

/** Options with their defaults. */
export interface Settings {
  readonly locations: readonly [string, ...string[]];
  readonly serverTypes: readonly [string, ...string[]];
  readonly image: string;
  readonly ssh: readonly string[];
  /** Private network of each copy: `10.77.0.0/16`. */
  readonly range: string;
}

const OPTIONS: OptionNames<HcloudOptions> = {
  locations: true,
  serverTypes: true,
  image: true,
  firewall: true,
  network: true,
};
const FIREWALL_OPTIONS: OptionNames<FirewallOptions> = { ssh: true };
const NETWORK_OPTIONS: OptionNames<NetworkOptions> = { range: true };

const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * Checks the options. Whether the cloud has these locations and types is asked before the first
 * lease.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export function checkSettings(options: HcloudOptions): Settings {
  checkOptions("hcloud()", options, OPTIONS, "CONFIG_INVALID");
  const { image = "debian-13", firewall, network = {} } = options;
  checkOptions("`firewall` of hcloud()", firewall, FIREWALL_OPTIONS, "CONFIG_INVALID");
  checkOptions("`network` of hcloud()", network, NETWORK_OPTIONS, "CONFIG_INVALID");
  const names = (key: "locations" | "serverTypes"): [string, ...string[]] => {
    const [first, ...others] = listOf(options[key], `\`${key}\``);
    if (first === undefined) throw refused(`\`${key}\` is empty`, `name at least one`);
    for (const name of [first, ...others])
      if (!NAME.test(name)) throw refused(`\`${key}\` has "${name}", which is no name`);
    return [first, ...others];
  };
  if (typeof image !== "string" || !NAME.test(image))
    throw refused(`\`image\` is not the name of an image`, 'write image: "debian-13"');
  const ssh = listOf(firewall?.ssh, "`firewall.ssh`");
  if (ssh.length === 0)
    throw refused(
      "`firewall.ssh` names no network from which the machines may be reached",
      'name the networks of your team and CI: firewall: { ssh: ["203.0.113.0/24"] }',
    );
  for (const source of ssh)
    if (!isCidr(source))
      throw refused(
        `\`firewall.ssh\` has "${source}", which is no network`,
        "write 203.0.113.7/32 for one address, or 203.0.113.0/24 for a network",
      );
  return {
    locations: names("locations"),
    serverTypes: names("serverTypes"),
    image,
    ssh,
    range: checkRange(network.range ?? "10.77.0.0/16"),
  };
}

function checkRange(range: unknown): string {
  if (typeof range === "string" && isPrivateRange(range)) return range;
  throw refused(
    `\`network.range\` is ${JSON.stringify(range)}, which is no private network of 256 addresses or more`,
    'write network: { range: "10.77.0.0/16" }, or another one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16',
  );
}

function listOf(value: unknown, what: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw refused(`${what} is not a list of texts`);
}

/** What is reserved for private networks (RFC 1918): the address with its bits. */
const PRIVATE = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const;

/** Whether a text is a private network with room for the machines: a /24. */
function isPrivateRange(text: string): boolean {
  const [address = "", bits = ""] = text.split("/");
  if (!isCidr(text) || isIP(address) !== 4 || Number(bits) > 24) return false;
  const all = numberOf(address, 4);
  return PRIVATE.some(([from, most]) => {
    const shift = BigInt(32 - most);
    return Number(bits) >= most && all >> shift === numberOf(from, 4) >> shift;
  });
}

/** Whether a text is a network: the API refuses an address with the bits of its network. */
function isCidr(text: string): boolean {
  const [address = "", bits = "", more] = text.split("/");
  const version = address.includes("%") ? 0 : isIP(address);
  const most = version === 4 ? 32 : 128;
  if (version === 0 || more !== undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > most)
    return false;
  const hostBits = BigInt(most - Number(bits));
  return (numberOf(address, version) & ((1n << hostBits) - 1n)) === 0n;
}

function numberOf(address: string, version: number): bigint {
  if (version === 4)
    return address.split(".").reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
  // URL writes an embedded IPv4 address as two groups.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text = ""): string[] => (text === "" ? [] : text.split(":"));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce(
    (sum, part) => (sum << 16n) + BigInt(`0x${part}`),
    0n,
  );
}

function refused(what: string, hint = "see docs/drivers/hcloud.md"): VmrigError {
  return new VmrigError("CONFIG_INVALID", { message: `hcloud(): ${what}.`, hint });
}
