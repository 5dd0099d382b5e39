import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Folders } from "../../config/folders.ts";
import type { CopySpec } from "../../driver/driver.ts";
import type { Finding } from "../../driver/finding.ts";

/** sun_path of sockaddr_un: 104 bytes on macOS, 108 on Linux, with the closing NUL. */
const LONGEST_SOCKET_PATH = 103;
/** The longest suffix of a driver's socket name. */
const LONGEST_ENDING = ".control";

/**
 * Checks that no other user can read or change the state folder. Its files give access to machines.
 */
export async function examineStateFolder({ state }: Pick<Folders, "state">): Promise<Finding> {
  const what = "state folder";
  const { uid, mode } = await stat(state);
  const own = process.getuid?.();
  const shown = `${state}, mode ${(mode & 0o777).toString(8)}`;
  if (own !== undefined && uid !== own) {
    const fix = "point VMRIG_HOME to a folder that you own, or run vmrig as the owner";
    return {
      what,
      status: "fail",
      measured: `${state} belongs to user ${uid}, not to ${own}`,
      fix,
    };
  }
  const fix = `chmod 700 ${state}`;
  if ((mode & 0o022) !== 0)
    return { what, status: "fail", measured: `${shown}: other users may write to it`, fix };
  if ((mode & 0o077) !== 0)
    return { what, status: "warn", measured: `${shown}: other users may read it`, fix };
  return { what, status: "ok", measured: shown };
}

/** Checks the folder of each copy, like the state folder. */
export async function examineCopyFolders(
  copies: readonly Pick<CopySpec, "copy" | "folder">[],
): Promise<Finding> {
  const what = "copies";
  for (const { copy, folder } of copies) {
    const finding = await examineStateFolder({ state: folder });
    if (finding.status !== "ok")
      return { ...finding, what, measured: `${copy}: ${finding.measured}` };
  }
  const names = copies.map(({ copy }) => copy).join(", ");
  return { what, status: "ok", measured: `${names}: each has a private folder` };
}

/** Checks that the longest socket path of this rig fits the system's limit. */
export function examineSocketPaths(
  { runtime }: Pick<Folders, "runtime">,
  copy: string,
  machines: readonly string[],
): Finding {
  const what = "runtime folder";
  const longest = machines.toSorted((a, b) => b.length - a.length)[0] ?? "";
  const path = join(runtime, copy, `${longest}${LONGEST_ENDING}`);
  const bytes = Buffer.byteLength(path);
  if (bytes <= LONGEST_SOCKET_PATH)
    return {
      what,
      status: "ok",
      measured: `${runtime}; its longest socket path has ${bytes} bytes`,
    };
  const fix = "give the rig or its machines shorter names";
  return {
    what,
    status: "fail",
    measured: `${path} has ${bytes} bytes; the limit of a socket path is ${LONGEST_SOCKET_PATH}`,
    fix,
  };
}
