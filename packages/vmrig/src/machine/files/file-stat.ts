import { toDate } from "../../clock/real-time.ts";
import type { OptionNames } from "../../errors/check-options.ts";

/** Metadata of a file. Plain data. */
export interface FileStat {
  readonly type: "file" | "folder" | "link" | "socket" | "fifo" | "device";
  /** Permission bits: `0o644`, or `0o4755` with the setuid, setgid and sticky bits. */
  readonly mode: number;
  /** Name of the owner, or the number where it has no name. */
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  /**
   * Time of the last change in milliseconds; in whole seconds where the machine has only busybox.
   */
  readonly modified: Date;
  /** Target of a symbolic link, as it was written. */
  readonly target?: string;
}

export interface StatOptions {
  /**
   * Whether a symbolic link is followed. With `false` the result describes the link itself.
   *
   * @defaultValue true
   */
  readonly follow?: boolean | undefined;
}

export const STAT_OPTIONS: OptionNames<StatOptions> = { follow: true };

/**
 * Format for `stat -c`, which coreutils and busybox have: stat(1). Busybox treats the `.3` as a
 * minimum number of digits.
 */
const FORMAT = "%f %u %g %s %.3Y %U %G";

const TYPES: Readonly<Record<number, FileStat["type"]>> = {
  0o01_0000: "fifo",
  0o04_0000: "folder",
  0o10_0000: "file",
  0o12_0000: "link",
  0o14_0000: "socket",
};

/**
 * Shell: prints one line for {@link parseStat} and, for a symbolic link that is not followed, the
 * link's target.
 */
export function statLine(target: string, { follow = true }: StatOptions): string {
  if (follow) return `exec stat -L -c '${FORMAT}' -- ${target}`;
  return `stat -c '${FORMAT}' -- ${target} && { [ ! -L ${target} ] || exec readlink -n -- ${target}; }`;
}

/**
 * Parses the output of {@link statLine}. The type is in the upper bits of the raw mode: inode(7).
 */
export function parseStat(text: string): FileStat {
  const end = text.indexOf("\n");
  const [raw = "", uid = "", gid = "", bytes, modified, user = "", group = ""] = text
    .slice(0, end)
    .split(" ");
  const mode = Number.parseInt(raw, 16);
  const type = TYPES[mode & 0o17_0000] ?? "device";
  const target = text.slice(end + 1);
  return {
    type,
    mode: mode & 0o7777,
    user: user === "UNKNOWN" ? uid : user,
    group: group === "UNKNOWN" ? gid : group,
    uid: Number(uid),
    gid: Number(gid),
    bytes: Number(bytes),
    modified: toDate(Number(modified) * 1000),
    ...(type === "link" ? { target } : {}),
  };
}
