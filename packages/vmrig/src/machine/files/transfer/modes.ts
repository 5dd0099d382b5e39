import { octal } from "../staging.ts";
import type { UploadOptions } from "./transfer-options.ts";

/** Returns the mode that git gives a file of a checkout with the umask 022. */
export function gitMode(mode: number): number {
  return (mode & 0o100) === 0 ? 0o644 : 0o755;
}

/** Shell: sets the modes of the files and folders in `$from` as the options say. */
export function settingModes({ mode, folderMode }: UploadOptions): string[] {
  const folders = folderMode ?? (mode === "git" ? 0o755 : undefined);
  return [
    ...(mode === undefined
      ? []
      : mode === "git"
        ? [changing(`-type f -perm -u+x`, 0o755), changing(`-type f ! -perm -u+x`, 0o644)]
        : [changing("-type f", mode)]),
    // The content of a folder first: it may be out of reach afterwards.
    ...(folders === undefined ? [] : [changing("-depth -type d", folders)]),
  ];
}

function changing(which: string, mode: number): string {
  // Files that have the mode keep their time of change.
  const wanted = octal(mode);
  return `find "$from" ${which} ! -perm ${wanted} -exec chmod ${wanted} -- {} + || exit 1`;
}
