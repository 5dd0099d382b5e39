import { VmrigError } from "../../../errors/vmrig-error.ts";
import { octal } from "../staging.ts";
import type { UploadOptions } from "./transfer-options.ts";

/** Returns the mode that git gives a file of a checkout with the umask 022. */
export function gitMode(mode: number): number {
  return (mode & 0o100) === 0 ? 0o644 : 0o755;
}

/**
 * Checks the modes of the options.
 *
 * @throws VmrigError `COMMAND_INVALID`
 */
export function checkModes({ mode, folderMode }: UploadOptions): void {
  for (const [option, value, known] of [
    ["mode", mode, ['"git"', "a number such as 0o644"]],
    ["folderMode", folderMode, ["a number such as 0o755"]],
  ] as const) {
    if (value === undefined || (option === "mode" && value === "git")) continue;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0o7777)
      continue;
    throw new VmrigError("COMMAND_INVALID", {
      message: `The option \`${option}\` of an upload is ${JSON.stringify(value)}, not ${known.join(" or ")}.`,
    });
  }
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
  // With five digits, `chmod` also removes the setgid bit of a folder.
  const wanted = `0${octal(mode)}`;
  return `find "$from" ${which} ! -perm ${wanted} -exec chmod ${wanted} -- {} + || exit 1`;
}
