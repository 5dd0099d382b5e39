import type { ExecutionContext } from "../command/run.ts";
import { query, type QueryTarget } from "./query.ts";

/** A mounted file system. Plain data. */
export interface MountEntry {
  readonly path: string;
  /** The device or its substitute: `/dev/vda1`, `tmpfs`. */
  readonly source: string;
  /** `ext4`, `tmpfs`, `overlay` … */
  readonly type: string;
  /** Options of the mount and of the file system: `rw`, `noexec`, `size=1024k`. */
  readonly options: readonly string[];
}

export interface Mount extends QueryTarget<"mount"> {
  readonly path: string;
  /**
   * Reads the mount at exactly this path: the topmost of several. Resolves with `undefined` when
   * nothing is mounted there.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  entry(): Promise<MountEntry | undefined>;
  isMounted(): Promise<boolean>;
}

export function createMount(context: ExecutionContext, path: string): Mount {
  const title = `mount ${path}`;
  const entry = async (): Promise<MountEntry | undefined> => {
    const { stdout } = await query(context, "cat /proc/self/mountinfo", { title });
    return parseMounts(stdout).findLast((one) => one.path === path);
  };
  return {
    kind: "mount",
    machine: context.name,
    user: context.user,
    title,
    path,
    entry,
    isMounted: async () => (await entry()) !== undefined,
  };
}

/**
 * Parses `/proc/self/mountinfo`. Format: proc_pid_mountinfo(5); blanks and similar characters are
 * written in octal.
 */
export function parseMounts(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const [mount = "", system = ""] = line.split(" - ");
    const [, , , , path, options = ""] = mount.split(" ");
    const [type, source, superOptions = ""] = system.split(" ");
    if (path === undefined || type === undefined || source === undefined) return [];
    const all = [...options.split(","), ...superOptions.split(",")].filter(
      (option) => option !== "",
    );
    return [{ path: plain(path), source: plain(source), type, options: [...new Set(all)] }];
  });
}

function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
