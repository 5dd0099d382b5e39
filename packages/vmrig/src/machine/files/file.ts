import { VmrigError } from "../../errors/vmrig-error.ts";
import { quote } from "../../ssh/quote.ts";
import { parseStat, statLine, type FileStat, type StatOptions } from "./file-stat.ts";
import { attempt, fileFailed } from "./attempt.ts";
import { entries, type FileEntry } from "./entries.ts";
import { octal, replacing } from "./staging.ts";
import { watchUntil } from "./watch.ts";
import { runRaw, type ExecutionContext } from "../command/run.ts";
import { quotePath } from "../command/script.ts";
import type { WaitOptions } from "../waits/wait-options.ts";

export interface WriteOptions {
  /**
   * `0o644`. With one that lets nobody but the owner read, such as `0o600`, the data is a secret,
   * and in no evidence.
   *
   * @defaultValue that of the file which is replaced, else what the user's umask gives
   */
  readonly mode?: number | undefined;
}

export interface RecursiveOptions {
  /**
   * Whether a folder is meant with all that is in it. Symbolic links in it are not followed.
   *
   * @defaultValue false
   */
  readonly recursive?: boolean | undefined;
}

export interface RemoveOptions extends RecursiveOptions {
  /** Whether it is fine when there is nothing of that name. @defaultValue false */
  readonly force?: boolean | undefined;
}

export interface MkdirOptions {
  /** Whether folders above it are made, too, and one that is there is fine. @defaultValue false */
  readonly recursive?: boolean | undefined;
  /** @defaultValue what the user's umask gives */
  readonly mode?: number | undefined;
}

/**
 * A file of a machine, or a folder, as the user who asks for it. A relative path begins in that
 * user's home. What fails throws a VmrigError `FILE_FAILED` with what the machine says about it.
 */
export interface MachineFile {
  readonly machine: string;
  readonly path: string;
  /** Who looks at it. */
  readonly user: string;
  /** Its content as UTF-8. */
  text(): Promise<string>;
  /**
   * Its content as JSON: `await file.json<Settings>()`. Nothing looks whether it has that shape.
   */
  json<T = unknown>(): Promise<T>;
  bytes(): Promise<Uint8Array>;
  /**
   * Replaces the file at once, or not at all: readers see the old content or the new. Owner and
   * mode of a file that was there stay; a symbolic link is followed. Its folder must exist.
   */
  write(data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /**
   * Adds to the end, and makes the file where there is none. A failure on the way may leave a part
   * of the data.
   */
  append(data: string | Uint8Array): Promise<void>;
  /** True for anything of that name, also a folder or a dangling link. */
  exists(): Promise<boolean>;
  /** A symbolic link is followed, but with `follow: false`. */
  stat(options?: StatOptions): Promise<FileStat>;
  /** `0o640`. A symbolic link is followed. */
  chmod(mode: number, options?: RecursiveOptions): Promise<void>;
  /** `bob`, `bob:users`, `:users`, ids, too. A symbolic link is followed. */
  chown(owner: string, options?: RecursiveOptions): Promise<void>;
  /** Removes a file, a symbolic link or an empty folder; with `recursive` any folder. */
  remove(options?: RemoveOptions): Promise<void>;
  /**
   * Makes it a symbolic link that leads to `target`, which is written as it is. Nothing of its name
   * may be there.
   */
  symlink(target: string): Promise<void>;
  /** Makes a folder. */
  mkdir(options?: MkdirOptions): Promise<void>;
  /** What is in the folder, also what begins with a dot, sorted by name. */
  entries(): Promise<readonly FileEntry[]>;
  /**
   * Reads it until the predicate is true of its text, and resolves with that. A missing file and a
   * reboot on the way are waited out.
   *
   * @throws VmrigError `WAIT_TIMEOUT` with what was seen last
   */
  watchUntil(
    predicate: (text: string) => boolean | Promise<boolean>,
    options?: WaitOptions,
  ): Promise<string>;
}

export function createFile(context: ExecutionContext, path: string): MachineFile {
  const target = quotePath(path);
  const run = (doing: string, line: string, existing = true): Promise<void> =>
    attempt(context, { doing, path, existing }, line).then(() => {});
  const read = async (signal?: AbortSignal): Promise<Buffer> =>
    (await attempt(context, { doing: "read", path }, `exec cat -- ${target}`, { signal })).stdout;
  const text = async (signal?: AbortSignal): Promise<string> =>
    (await read(signal)).toString("utf8");

  return {
    machine: context.name,
    path,
    user: context.user,
    text: () => text(),
    bytes: () => read(),
    async json<T>() {
      const content = await text();
      try {
        return JSON.parse(content) as T;
      } catch (error) {
        throw fileFailed(
          context,
          { doing: "read", path },
          `it is not JSON: ${(error as Error).message}`,
          error,
        );
      }
    },
    async write(data, { mode } = {}) {
      // In this order: a change of the owner takes setuid bits away.
      const kept = `{ [ ! -e "$target" ] || { chown --reference="$target" -- "$temp" && chmod --reference="$target" -- "$temp"; }; }`;
      const finish = mode === undefined ? kept : `${kept} && chmod ${octal(mode)} "$temp"`;
      const line = replacing(path, {
        bytes: Buffer.byteLength(data),
        secret: mode !== undefined,
        finish,
      });
      const secret = mode !== undefined && (mode & 0o077) === 0;
      await attempt(context, { doing: "write", path, existing: false, secret }, line, {
        input: data,
      });
    },
    async append(data) {
      await attempt(context, { doing: "append to", path, existing: false }, `cat >>${target}`, {
        input: data,
      });
    },
    async exists() {
      const { result } = await runRaw(
        context,
        { line: `[ -e ${target} ] || [ -L ${target} ]` },
        { reject: false },
      );
      if (result.exitCode === 0 || result.exitCode === 1) return result.exitCode === 0;
      throw new VmrigError("FILE_FAILED", {
        message: `Cannot tell whether ${path} exists on ${context.name}.`,
        details: [result.stderr],
      });
    },
    async stat(options = {}) {
      const { stdout } = await attempt(
        context,
        { doing: "look at", path },
        statLine(target, options),
      );
      return parseStat(stdout.toString("utf8"));
    },
    chmod: (mode, options) =>
      run("change the mode of", `exec chmod ${flags(options)}${octal(mode)} -- ${target}`),
    chown: (owner, options) =>
      run("change the owner of", `exec chown ${flags(options)}-- ${quote(owner)} ${target}`),
    remove: (options) => run("remove", `exec rm -d ${flags(options)}-- ${target}`),
    symlink: (leadsTo) =>
      run("make a symbolic link of", `exec ln -sT -- ${quote(leadsTo)} ${target}`, false),
    mkdir({ recursive = false, mode } = {}) {
      const made = `mkdir ${recursive ? "-p " : ""}${mode === undefined ? "" : `-m ${octal(mode)} `}`;
      return run("make the folder", `exec ${made}-- ${target}`, false);
    },
    entries: () => entries(context, path),
    watchUntil: (predicate, options = {}) => watchUntil(context, path, text, predicate, options),
  };
}

function flags({ recursive = false, force = false }: RemoveOptions = {}): string {
  return `${recursive ? "-R " : ""}${force ? "-f " : ""}`;
}
