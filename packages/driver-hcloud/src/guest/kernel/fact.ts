/**
 * Kinds of facts that the scan of a machine prints. `unknown` is any other line: a test may have put
 * a line break into the name of a file.
 */
export const KINDS = [
  "kernel",
  "cmdline",
  "kexec",
  "module",
  "sysctl",
  "link",
  "addr",
  "route",
  "rule",
  "neigh",
  "qdisc",
  "path",
  "cgroup",
  "block",
  "swap",
  "ipc",
  "nftables",
  "unknown",
] as const;

export type Kind = (typeof KINDS)[number];

/** A fact that is not as it was at the capture. */
export interface Difference {
  readonly kind: Kind;
  /** What the fact is about: `net/ipv4/ip_forward`, `dummy7`, or the whole fact. */
  readonly key: string;
  /** At the capture; `undefined` when it was not there. */
  readonly base?: string;
  /** Now; `undefined` when it is gone. */
  readonly now?: string;
}
