import { randomUUID } from "node:crypto";
import { VmrigError } from "../errors/vmrig-error.ts";
import { isCommandError, type CommandError } from "./command-error.ts";
import { parseStat, STAT_FORMAT, type FileStat } from "./file-stat.ts";
import { runRaw, type RawResult, type Seat } from "./runner.ts";
import { quotePath } from "./script.ts";
import { quote } from "../ssh/quote.ts";

export interface WriteOptions {
  /** `0o644`. @defaultValue that of the file which is replaced, else what the user's umask gives */
  readonly mode?: number;
}

/** A file of a machine, as the user who asks for it. A relative path begins in that user's home. */
export interface MachineFile {
  readonly machine: string;
  readonly path: string;
  /** Who looks at it. */
  readonly user: string;
  /** @throws VmrigError `FILE_FAILED`, with what the machine says about it */
  text(): Promise<string>;
  /** @throws VmrigError `FILE_FAILED` */
  bytes(): Promise<Uint8Array>;
  /**
   * Replaces the file at once, or not at all: readers see the old content or the new. Owner and mode of a file that was there stay; a symbolic
   * link is followed. Its folder must exist.
   *
   * @throws VmrigError `FILE_FAILED`
   */
  write(data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** True for anything of that name, also a folder or a dangling link. */
  exists(): Promise<boolean>;
  /** A symbolic link is followed. @throws VmrigError `FILE_FAILED` */
  stat(): Promise<FileStat>;
}

export function createFile(seat: Seat, path: string): MachineFile {
  const target = quotePath(path);

  const attempt = async (doing: string, line: string, input?: string | Uint8Array): Promise<RawResult> => {
    try {
      return await runRaw(seat, { line: `LC_ALL=C; export LC_ALL; ${line}`, command: `${doing} ${path}` }, { input });
    } catch (error) {
      if (isCommandError(error) && error.code === "COMMAND_FAILED") throw fileFailed(seat, doing, path, error);
      throw error;
    }
  };
  const read = async (): Promise<Buffer> => (await attempt("read", `exec cat -- ${target}`)).stdout;

  return {
    machine: seat.name,
    path,
    user: seat.user,
    text: async () => (await read()).toString("utf8"),
    bytes: read,
    async write(data, options = {}) {
      await attempt("write", replacing(target, Buffer.byteLength(data), options.mode), data);
    },
    stat: async () => parseStat((await attempt("look at", `exec stat -L -c '${STAT_FORMAT}' -- ${target}`)).result.stdout),
    async exists() {
      const { result } = await runRaw(seat, { line: `[ -e ${target} ] || [ -L ${target} ]` }, { reject: false });
      if (result.exitCode === 0 || result.exitCode === 1) return result.exitCode === 0;
      throw new VmrigError("FILE_FAILED", { message: `Cannot tell whether ${path} exists on ${seat.name}.`, details: [result.stderr] });
    },
  };
}

/**
 * Writes beside the target and moves over it. The size is checked first: when the connection breaks, `cat` sees an ordinary end of its input
 * and the rest of the line would go on with half of the data.
 */
function replacing(target: string, bytes: number, mode: number | undefined): string {
  const chmod = mode === undefined ? "" : ` && chmod ${mode.toString(8).padStart(4, "0")} "$temp"`;
  return [
    `target=${target}`,
    `[ ! -L "$target" ] || target=$(readlink -f -- "$target")`,
    `[ ! -d "$target" ] || { echo "write: $target: Is a directory" >&2; exit 1; }`,
    `temp=$(dirname -- "$target")/${quote(`.vmrig-${randomUUID()}`)}`,
    `trap 'rm -f -- "$temp"' EXIT`,
    mode === undefined ? ":" : "umask 077",
    `set -C`,
    `cat >"$temp" && [ "$(wc -c <"$temp")" -eq ${bytes} ]` +
      ` && { [ ! -e "$target" ] || { chown --reference="$target" -- "$temp" && chmod --reference="$target" -- "$temp"; }; }` +
      `${chmod} && mv -fT -- "$temp" "$target"`,
  ].join("; ");
}

function fileFailed(seat: Seat, doing: string, path: string, error: CommandError): VmrigError {
  const last = error.stderr.split("\n").at(-1) ?? "";
  const reason = last.slice(last.lastIndexOf(": ") + 2);
  // The second is dash's word for a missing folder in a redirection.
  const missing = reason === "No such file or directory" || reason === "Directory nonexistent";
  const message =
    missing && doing !== "write"
      ? `No such file on ${seat.name}: ${path}.`
      : `Cannot ${doing} ${path} on ${seat.name} as ${seat.user}: ${missing ? "no such folder" : reason || `exit code ${error.exitCode}`}.`;
  return new VmrigError("FILE_FAILED", { message, cause: error });
}
