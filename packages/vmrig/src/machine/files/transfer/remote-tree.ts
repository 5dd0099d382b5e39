import { toDate } from "../../../clock/real-time.ts";
import { quotePath } from "../../../ssh/quote.ts";
import { FIND_TYPES } from "../entries.ts";
import { type LeftOut, UNCOPYABLE } from "./result.ts";
import type { Selection } from "./selection.ts";
import type { TransferEntry } from "./transfer-options.ts";

/** A file or folder of a machine that is copied. */
export interface RemoteEntry extends TransferEntry {
  /** The path as bytes: a name may not be UTF-8. */
  readonly name: Buffer;
  /** Size on the machine's disk, without holes; 0 for another name of an earlier entry. */
  readonly storedBytes: number;
  /** Whether the file has a size, but uses no block. */
  readonly isHollow: boolean;
}

export interface RemoteTree {
  /** All entries, each folder before its content. */
  readonly entries: readonly RemoteEntry[];
  readonly leftOut: readonly LeftOut[];
}

/** Shell: prints one record for each file and folder in a folder. */
export function listing(path: string): string {
  return `find ${quotePath(path)}/ -ignore_readdir_race -mindepth 1 -printf '%y %m %s %b %D:%i %T@ %P\\0'`;
}

/** Parses the output of {@link listing}, and selects the entries that are to be copied. */
export function toRemoteTree(output: Buffer, takes: Selection | undefined): RemoteTree {
  const entries: RemoteEntry[] = [];
  const leftOut: LeftOut[] = [];
  const inodes = new Set<string>();
  let skipped: string | undefined;
  for (let at = 0, end = output.indexOf(0); end >= 0; at = end + 1, end = output.indexOf(0, at)) {
    const record = output.subarray(at, end);
    const [kind = "", mode = "", size, blocks, inode = "", time] = record
      .toString("latin1")
      .split(" ", 6);
    const prefix = `${kind} ${mode} ${size} ${blocks} ${inode} ${time} `.length;
    const name = record.subarray(prefix);
    const path = name.toString();
    if (skipped !== undefined && path.startsWith(skipped)) continue;
    const type = FIND_TYPES[kind] ?? "file";
    const bytes = Number(size);
    const modified = toDate(Number(time) * 1000);
    const entry = { path, type, mode: Number.parseInt(mode, 8), bytes, modified };
    const why = UNCOPYABLE[type];
    if (takes?.(entry) === false) {
      if (type === "folder") skipped = `${path}/`;
    } else if (why !== undefined) leftOut.push({ path, why });
    else {
      const stored = inodes.has(inode) ? 0 : Math.min(bytes, Number(blocks) * 512);
      inodes.add(inode);
      const isHollow = type === "file" && bytes > 0 && blocks === "0";
      entries.push({ ...entry, name, storedBytes: type === "file" ? stored : 0, isHollow });
    }
  }
  return { entries, leftOut };
}
