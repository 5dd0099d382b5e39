/** What is known of a file beside its content. Plain data. */
export interface FileStat {
  readonly type: "file" | "folder" | "link" | "socket" | "fifo" | "device";
  /** Permission bits: `0o644`; with setuid, setgid and sticky bit `0o4755`. */
  readonly mode: number;
  /** Names, or the numbers where nobody has them. */
  readonly user: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  readonly modified: Date;
}

/** For `stat -c`, which coreutils and busybox have: stat(1). */
export const STAT_FORMAT = "%f %u %g %s %Y %U %G";

const TYPES: Readonly<Record<number, FileStat["type"]>> = {
  0o01_0000: "fifo",
  0o04_0000: "folder",
  0o10_0000: "file",
  0o12_0000: "link",
  0o14_0000: "socket",
};

/** The type is in the upper bits of the raw mode: inode(7). */
export function parseStat(line: string): FileStat {
  const [raw = "", uid = "", gid = "", bytes, modified, user = "", group = ""] = line.trim().split(" ");
  const mode = Number.parseInt(raw, 16);
  return {
    type: TYPES[mode & 0o17_0000] ?? "device",
    mode: mode & 0o7777,
    user: user === "UNKNOWN" ? uid : user,
    group: group === "UNKNOWN" ? gid : group,
    uid: Number(uid),
    gid: Number(gid),
    bytes: Number(bytes),
    modified: new Date(Number(modified) * 1000),
  };
}
