import { KINDS, type Difference, type Kind } from "./fact.ts";

/** Facts with a key and a value. Of all other kinds, a fact is there or not. */
const KEYED: Partial<Record<Kind, RegExp>> = {
  kernel: /^()(.*)$/s,
  cmdline: /^()(.*)$/s,
  sysctl: /^([^:]+):(.*)$/s,
  link: /^([^:@ ]+)(?:@[^:]*)?: (.*)$/s,
  path: /^(.*) (\S+ \S+)$/s,
  nftables: /^()(.*)$/s,
};

/** What the `held` lines of an undo name: modules in use. */
export interface Report {
  readonly differences: readonly Difference[];
  readonly held: ReadonlySet<string>;
}

/**
 * Reads the lines that a comparison in the machine printed: `-` leads a fact of the capture only,
 * `+` a fact of now only.
 */
export function parseDifferences(text: string): Report {
  const found = new Map<string, { kind: Kind; key: string; base?: string; now?: string }>();
  const held = new Set<string>();
  for (const line of text.split("\n").filter((each) => each !== "")) {
    if (line.startsWith("held ")) {
      held.add(line.slice("held ".length));
      continue;
    }
    const { side, kind, key, value } = parseLine(line);
    const id = `${kind} ${key}`;
    const difference = found.get(id) ?? { kind, key };
    const former = difference[side];
    difference[side] = former === undefined ? value : `${former}\n${value}`;
    found.set(id, difference);
  }
  return { differences: [...found.values()].filter(isDifferent), held };
}

function parseLine(line: string): { side: "base" | "now"; kind: Kind; key: string; value: string } {
  const [, sign, word, text = ""] = /^([-+])(\S+) ?(.*)$/s.exec(line) ?? [];
  const kind = KINDS.find((each) => each === word) ?? "unknown";
  if (kind === "unknown") return { side: "now", kind, key: line, value: "" };
  const [, key = text, value = ""] = KEYED[kind]?.exec(text) ?? [];
  return { side: sign === "-" ? "base" : "now", kind, key, value };
}

/**
 * Whether a fact differs in what counts: a link's counters and queue settings do not, and neither
 * do sysctls that came or went with their link or module.
 */
function isDifferent({ kind, base, now }: Difference): boolean {
  if (base === undefined || now === undefined) return kind !== "sysctl";
  return kind === "link" ? linkFacts(base) !== linkFacts(now) : base !== now;
}

/** Returns what a test can have changed of a link, as arguments of `ip link set`. */
export function linkFacts(text: string): string {
  const flags = /^<([^>]*)>/.exec(text)?.[1]?.split(",") ?? [];
  // A backslash stands for a line break in the output of `ip -o`.
  const value = (name: string): string =>
    new RegExp(`[ \\\\]${name} ([^ \\\\]+)`).exec(text)?.[1] ?? "";
  return [
    flags.includes("UP") ? "up" : "down",
    `promisc ${flags.includes("PROMISC") ? "on" : "off"}`,
    `arp ${flags.includes("NOARP") ? "off" : "on"}`,
    `mtu ${value("mtu")}`,
    value("master") === "" ? "nomaster" : `master ${value("master")}`,
    ...(text.includes("link/ether") ? [`address ${value("link/ether")}`] : []),
    ...(text.includes(" xdp") || text.includes(" prog/xdp") ? [`xdp ${value("prog/xdp")}`] : []),
  ].join(" ");
}
