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
  /** To the millisecond; in whole seconds where the machine has only busybox. */
  readonly modified: Date;
  /** Where a symbolic link leads, as it was written. */
  readonly target?: string;
}

export interface StatOptions {
  /** Whether a symbolic link is followed, and not looked at itself. @defaultValue true */
  readonly follow?: boolean | undefined;
}

/**
 * For `stat -c`, which coreutils and busybox have: stat(1). Busybox takes the `.3` for a number of
 * digits at least.
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
 * Shell: one line that {@link parseStat} reads, and, of a symbolic link that is not followed, where
 * it leads.
 */
export function statLine(target: string, { follow = true }: StatOptions): string {
  if (follow) return `exec stat -L -c '${FORMAT}' -- ${target}`;
  return `stat -c '${FORMAT}' -- ${target} && { [ ! -L ${target} ] || exec readlink -n -- ${target}; }`;
}

/** The type is in the upper bits of the raw mode: inode(7). */
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
    modified: new Date(Number(modified) * 1000),
    ...(type === "link" ? { target } : {}),
  };
}
