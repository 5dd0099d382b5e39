import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Folders } from "../../config/folders.ts";
import type { CopySpec, Finding } from "../../driver/driver.ts";

/** sun_path of sockaddr_un: 104 bytes on macOS, 108 on Linux, with the closing NUL. */
const LONGEST_SOCKET_PATH = 103;
/** Of what drivers call a machine's sockets. */
const LONGEST_ENDING = ".control";

/** What lies in the state folder opens machines: nobody else may change it, nor should read it. */
export async function examineStateFolder({ state }: Pick<Folders, "state">): Promise<Finding> {
  const what = "state folder";
  const { uid, mode } = await stat(state);
  const own = process.getuid?.();
  const shown = `${state}, mode ${(mode & 0o777).toString(8)}`;
  if (own !== undefined && uid !== own) {
    const fix = "point VMRIG_HOME to a folder of your own, or run vmrig as its owner";
    return {
      what,
      status: "fail",
      measured: `${state} belongs to user ${uid}, not to ${own}`,
      fix,
    };
  }
  const fix = `chmod 700 ${state}`;
  if ((mode & 0o022) !== 0)
    return { what, status: "fail", measured: `${shown}: others may write to it`, fix };
  if ((mode & 0o077) !== 0)
    return { what, status: "warn", measured: `${shown}: others may look into it`, fix };
  return { what, status: "ok", measured: shown };
}

/** Each copy has a folder of its own, which lies in the state folder and is as private. */
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
  return { what, status: "ok", measured: `${names}: each with a folder that is yours alone` };
}

/** The longest path of a socket that this rig needs. */
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
    measured: `${path} has ${bytes} bytes, a socket's path may have ${LONGEST_SOCKET_PATH}`,
    fix,
  };
}
