import { quote } from "../script/quote.ts";
import { linkFacts } from "./parse-differences.ts";
import type { Difference, Kind } from "./fact.ts";

/**
 * Order of the kinds: what holds another thing goes first. A module is held by links, rules and
 * block devices; the removal of any of these changes sysctls.
 */
const ORDER: readonly Kind[] = [
  "nftables",
  "rule",
  "route",
  "neigh",
  "addr",
  "qdisc",
  "swap",
  "path",
  "link",
  "block",
  "ipc",
  "cgroup",
  "module",
  "sysctl",
];

/** What the commands of an undo use. */
const FUNCTIONS = `
remove_path() {
  # The node that the kernel made of a device goes with the device.
  local kind=char line
  if [[ -b $1 ]]; then kind=block; fi
  if [[ -b $1 || -c $1 ]] && line=/sys/dev/$kind/$(stat -c %Hr:%Lr "$1")/uevent && [[ -e $line ]]; then
    while read -r line; do [[ $line != "DEVNAME=\${1#/dev/}" ]] || return 0; done < $line
  fi
  # What is mounted below may be the disk.
  rm -rf --one-file-system -- "$1"
}
# The newest module comes first in the list, and a module is newer than those that it needs.
# Rules hold modules that are newer than their table, so that one pass may not do. The whole list is
# read at once: a removal while it is read makes the kernel skip a module.
remove_modules() {
  local pass line lines wanted=" $* "
  for pass in 1 2 3; do
    mapfile -t lines < /proc/modules
    for line in "\${lines[@]%% *}"; do [[ $wanted != *" $line "* ]] || rmmod "$line"; done
  done
}
`;

/**
 * Returns a script that undoes differences as far as that is possible, with the programs of the
 * clean root. A command that fails is found by the next comparison.
 */
export function undoScript(differences: readonly Difference[]): string {
  const commands = ORDER.flatMap((kind) => {
    const found = differences.filter((difference) => difference.kind === kind);
    // What is in a folder before the folder: the comparison sorts by name.
    const those = kind === "path" ? found.toReversed() : found;
    if (kind !== "module") return those.flatMap((difference) => undo(difference) ?? []);
    const extra = those.filter(({ base }) => base === undefined).map(({ key }) => quote(key));
    const missing = those.filter(({ now }) => now === undefined).map(({ key }) => quote(key));
    return [
      ...(extra.length > 0 ? [`remove_modules ${extra.join(" ")}`] : []),
      ...missing.map((name) => `modprobe ${name}`),
    ];
  });
  return `${FUNCTIONS}${commands.join("\n")}\n`;
}

/** Returns the command that undoes one difference, if there is one. */
function undo({ kind, key, base, now }: Difference): string | undefined {
  const isExtra = base === undefined;
  const isMissing = now === undefined;
  const words = key.split(" ").filter((word) => word !== "");
  switch (kind) {
    case "sysctl":
      if (isExtra || isMissing) return undefined;
      return `printf '%s\\n' ${quote(base)} > ${quote(`/proc/sys/${key}`)}`;
    case "link":
      if (isExtra) return `ip link del dev ${quote(key)}`;
      if (isMissing) return undefined;
      return `ip link set dev ${quote(key)} ${linkFacts(base)}`;
    case "addr":
      return `ip addr ${isExtra ? "del" : "add"} ${quote(words[2] ?? "")} dev ${quote(words[0] ?? "")}`;
    case "route":
      return `ip ${words[0]} route ${isExtra ? "del" : "add"} ${quoteAll(words.slice(1))}`;
    case "rule": {
      const [family, preference = "", ...rest] = key.replaceAll("\t", " ").split(" ");
      const at = preference.replace(":", "");
      return `ip ${family} rule ${isExtra ? "del" : "add"} pref ${quote(at)} ${quoteAll(rest)}`;
    }
    case "neigh":
      return isExtra ? `ip neigh del ${quoteAll(words.slice(0, 3))}` : undefined;
    case "qdisc":
      return isExtra ? `tc qdisc del dev ${quote(after(words, "dev"))} ${hook(words)}` : undefined;
    case "path":
      return isExtra ? `remove_path ${quote(key)}` : undefined;
    case "cgroup":
      return isExtra ? `find ${quote(key)} -depth -type d -exec rmdir {} ';'` : undefined;
    case "block":
      if (!isExtra) return undefined;
      return key.startsWith("dm-")
        ? `dmsetup remove ${quote(`/dev/${key}`)}`
        : key.startsWith("loop")
          ? `losetup -d ${quote(`/dev/${key}`)}`
          : undefined;
    case "swap":
      // Its file is in the old root.
      return isExtra ? `swapoff ${quote(`/proc/1/root${key}`)}` : undefined;
    case "ipc":
      return isExtra ? `ipcrm ${ipcOption(words)}` : undefined;
    case "nftables":
      // Both in one transaction: at no moment are there no rules.
      return `{ echo 'flush ruleset'; cat <&8; } | nft -f -`;
    case "kernel":
    case "cmdline":
    case "kexec":
    case "module":
    case "unknown":
      return undefined;
  }
}

function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

function after(words: readonly string[], name: string): string {
  return words[words.indexOf(name) + 1] ?? "";
}

function hook(words: readonly string[]): string {
  return words.find((word) => ["ingress", "clsact"].includes(word)) ?? "root";
}

function ipcOption([type = "", id = ""]: readonly string[]): string {
  const option = { shm: "-m", msg: "-q", sem: "-s" }[type];
  return option === undefined ? "" : `${option} ${quote(id)}`;
}
