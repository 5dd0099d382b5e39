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
}

const OPTIONS: OptionNames<HcloudOptions> = {
  locations: true,
  serverTypes: true,
  image: true,
  firewall: true,
};
const FIREWALL_OPTIONS: OptionNames<FirewallOptions> = { ssh: true };

const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * Checks the options. Whether the cloud has these locations and types is asked before the first
 * lease.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export function checkSettings(options: HcloudOptions): Settings {
  checkOptions("hcloud()", options, OPTIONS, "CONFIG_INVALID");
  const { image = "debian-13", firewall } = options;
  checkOptions("`firewall` of hcloud()", firewall, FIREWALL_OPTIONS, "CONFIG_INVALID");
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
  };
}

function listOf(value: unknown, what: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw refused(`${what} is not a list of texts`);
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
