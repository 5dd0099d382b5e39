import { quoteWord } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";

/** A network interface. Plain data. */
export interface InterfaceStatus {
  readonly name: string;
  /** Whether the interface is enabled and, as far as it can detect, connected. */
  readonly up: boolean;
  readonly mtu: number;
  /** Hardware address, if the interface has one. */
  readonly mac: string | undefined;
  /** Addresses with their prefix length: `10.77.0.11/24`, `fe80::1/64`. */
  readonly addresses: readonly string[];
}

export interface NetworkInterface extends QueryTarget<"interface"> {
  readonly name: string;
  /**
   * Reads the status. Resolves with `undefined` when no interface has this name.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  status(): Promise<InterfaceStatus | undefined>;
  exists(): Promise<boolean>;
  isUp(): Promise<boolean>;
}

export function createInterface(context: ExecutionContext, name: string): NetworkInterface {
  const title = `interface ${name}`;
  const status = async (): Promise<InterfaceStatus | undefined> => {
    const word = quoteWord(name);
    // The `ip` of busybox has no JSON output, but prints the same text.
    const { stdout } = await query(
      context,
      `[ ! -e /sys/class/net/${word} ] || ip address show dev ${word}`,
      { title },
    );
    return parseInterface(stdout);
  };
  return {
    kind: "interface",
    machine: context.name,
    user: context.user,
    title,
    name,
    status,
    exists: async () => (await status()) !== undefined,
    isUp: async () => (await status())?.up === true,
  };
}

/** Parses the output of `ip address show dev NAME` of iproute2 and of busybox: ip-address(8). */
export function parseInterface(text: string): InterfaceStatus | undefined {
  const [, name, flags = "", mtu] =
    /^\d+: ([^:@\s]+)(?:@\S+)?: <([^>]*)>.* mtu (\d+)/m.exec(text) ?? [];
  if (name === undefined) return undefined;
  const set = flags.split(",");
  return {
    name,
    up: set.includes("UP") && !set.includes("NO-CARRIER"),
    mtu: Number(mtu),
    mac: /^\s+link\/ether (\S+)/m.exec(text)?.[1],
    addresses: [...text.matchAll(/^\s+inet6? (\S+)/gm)].map(([, address = ""]) => address),
  };
}
