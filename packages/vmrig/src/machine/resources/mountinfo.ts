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
