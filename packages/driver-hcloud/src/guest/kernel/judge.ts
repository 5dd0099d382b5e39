import { linkFacts, type Report } from "./parse-differences.ts";
import type { Difference } from "./fact.ts";

/**
 * Moment of a comparison. `before` a soft reboot, processes of the test may still hold a thing, and
 * services may create it again. `after` it, nothing does any more, but a service may not have
 * created its things yet: only what is too much counts.
 */
export type Phase = "before" | "after";

/**
 * Returns why a full reboot is needed, in plain words. Empty when a soft reboot does, or has done.
 */
export function reasonsToReboot({ differences, held }: Report, phase: Phase): string[] {
  const reasons = differences.flatMap((difference) => {
    const { reason, soft } = judge(difference, held) ?? {};
    if (reason === undefined) return [];
    if (phase === "before") return soft === true ? [] : [reason];
    return difference.now === undefined ? [] : [reason];
  });
  return [...new Set(reasons)];
}

/** A reason, and whether the end of all processes, or their new start, may settle it. */
interface Judgement {
  readonly reason: string;
  readonly soft?: boolean;
}

function judge(
  { kind, key, base, now }: Difference,
  held: ReadonlySet<string>,
): Judgement | undefined {
  const isExtra = base === undefined;
  const isMissing = now === undefined;
  switch (kind) {
    case "kernel":
      return { reason: `another kernel runs: ${version(now)} instead of ${version(base)}` };
    case "cmdline":
      return { reason: "the kernel was started with other parameters" };
    case "kexec":
      return { reason: "another kernel is loaded for kexec" };
    case "module":
      return isMissing
        ? { reason: `kernel module ${key} cannot be loaded` }
        : { reason: `kernel module ${key} cannot be unloaded`, soft: held.has(key) };
    case "sysctl":
      return isExtra || isMissing ? undefined : sysctl(key, base, now);
    case "link": {
      const soft = !(base ?? now ?? "").includes(" parentdev ");
      if (isExtra) return { reason: `network interface ${key} cannot be removed`, soft };
      if (isMissing) return { reason: `network interface ${key} is gone`, soft };
      const facts = `${linkFacts(now)} instead of ${linkFacts(base)}`;
      return { reason: `network interface ${key} cannot be set back: ${facts}`, soft: true };
    }
    case "addr":
    case "route":
    case "rule":
    case "neigh":
    case "qdisc":
      return { reason: `${NETWORK[kind]} ${isExtra ? "remains" : "is gone"}: ${key}`, soft: true };
    case "path":
      return path(key, { isExtra, isMissing, type: base ?? now ?? "" });
    case "cgroup":
      return isExtra ? { reason: `${key} cannot be removed`, soft: true } : undefined;
    case "block":
      return isExtra
        ? { reason: `block device ${key} cannot be removed`, soft: true }
        : { reason: `block device ${key} is gone` };
    case "swap":
      return isExtra ? { reason: `swap on ${key} cannot be ended`, soft: true } : undefined;
    case "ipc":
      return isExtra ? { reason: `IPC object ${key} cannot be removed`, soft: true } : undefined;
    case "unknown":
      return { reason: `something unknown is there: ${JSON.stringify(key.slice(0, 100))}` };
    case "nftables":
      return {
        reason:
          now === "unread"
            ? "the nftables rules cannot be read without the program nft"
            : "the nftables rules cannot be set back",
      };
  }
}

const NETWORK = {
  addr: "network address",
  route: "route",
  rule: "routing rule",
  neigh: "neighbour entry",
  qdisc: "queueing discipline",
} as const;

function version(text = ""): string {
  return /version (\S+)/.exec(text)?.[1] ?? "unknown";
}

function sysctl(key: string, base: string, now: string): Judgement {
  if (key === "kernel/tainted") return { reason: `the kernel is tainted (${now})` };
  return { reason: `sysctl ${key.replaceAll("/", ".")} is ${now} and cannot be set to ${base}` };
}

/** Services create their files in /run again. Nothing creates a device node again. */
function path(
  key: string,
  { isExtra, isMissing, type }: { isExtra: boolean; isMissing: boolean; type: string },
): Judgement | undefined {
  // What an undo leaves of new nodes is the kernel's own.
  if (isExtra)
    return /^[bc]/.test(type) ? undefined : { reason: `${key} cannot be removed`, soft: true };
  if (!isMissing) return { reason: `${key} was changed` };
  return /^[bc]/.test(type) ? { reason: `device node ${key} is gone` } : undefined;
}
