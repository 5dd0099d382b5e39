import { quotePath } from "../script.ts";
import { attempt } from "./attempt.ts";
import type { Seat } from "../runner.ts";

export type FileKind = "file" | "folder" | "symlink" | "fifo" | "socket" | "block-device" | "character-device";

export interface FileStat {
  readonly kind: FileKind;
  /** In bytes. */
  readonly size: number;
  /** The permission bits: `0o644`, at most `0o7777`. */
  readonly mode: number;
  /** The owner's name; the id as text where it has none. */
  readonly owner: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
  /** When its content changed last, to the millisecond. */
  readonly mtime: Date;
  /** Where a symbolic link leads, as it was written. */
  readonly target?: string;
}

export interface StatOptions {
  /** Whether a symbolic link is followed. @defaultValue false */
  readonly follow?: boolean | undefined;
}

/** File types of stat(2), by `st_mode & S_IFMT`. */
const KINDS: Readonly<Record<number, FileKind>> = {
  0o01: "fifo",
  0o02: "character-device",
  0o04: "folder",
  0o06: "block-device",
  0o10: "file",
  0o12: "symlink",
  0o14: "socket",
};

export async function stat(seat: Seat, path: string, { follow = false }: StatOptions): Promise<FileStat> {
  const target = quotePath(path);
  const format = `'%f %s %u %g %.3Y\\0%U\\0%G\\0'`;
  const line = follow
    ? `exec stat -L --printf=${format} -- ${target}`
    : `stat --printf=${format} -- ${target} && { [ ! -L ${target} ] || exec readlink -n -- ${target}; }`;
  const { stdout } = await attempt(seat, { doing: "look at", path }, line);
  const [facts = "", owner, group, link = ""] = stdout.toString("utf8").split("\0");
  const [raw = "", size, uid, gid, mtime] = facts.split(" ");
  const mode = Number.parseInt(raw, 16);
  const kind = toKind(mode);
  const nameOf = (name: string | undefined, id: string | undefined): string =>
    name === undefined || name === "UNKNOWN" ? String(id) : name;
  return {
    kind,
    size: Number(size),
    mode: mode & 0o7777,
    owner: nameOf(owner, uid),
    group: nameOf(group, gid),
    uid: Number(uid),
    gid: Number(gid),
    mtime: new Date(Number(mtime) * 1000),
    ...(kind === "symlink" ? { target: link } : {}),
  };
}

function toKind(mode: number): FileKind {
  return KINDS[mode >> 12] ?? "file";
}
