import { checkOptions, type OptionNames } from "../../errors/check-options.ts";
import { quote, quotePath } from "../../ssh/quote.ts";
import { STAT_OPTIONS, parseStat, statLine, type FileStat, type StatOptions } from "./file-stat.ts";
import { attempt, fileFailed } from "./attempt.ts";
import { entries, type FileEntry } from "./entries.ts";
import { octal, refuseSocket, replacing } from "./staging.ts";
import { watchUntil } from "./watch.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { WAIT_OPTIONS, type WaitOptions } from "../waits/wait-options.ts";

export interface WriteOptions {
  /**
   * `0o644`. Data written with a mode that only the owner can read, such as `0o600`, is a secret
   * and never part of evidence.
   *
   * @defaultValue the mode of the replaced file, otherwise the mode that the user's umask gives
   */
  readonly mode?: number | undefined;
  /**
   * Whether readers see the old or the new content, never a part. `false` writes into the existing
   * file, for its hard links and for programs that keep it open.
   *
   * @defaultValue true
   */
  readonly atomic?: boolean | undefined;
}

const WRITE_OPTIONS: OptionNames<WriteOptions> = { mode: true, atomic: true };

export interface RecursiveOptions {
  /**
   * Whether the operation includes everything in a folder. Symbolic links in the folder are not
   * followed.
   *
   * @defaultValue false
   */
  readonly recursive?: boolean | undefined;
}

const RECURSIVE_OPTIONS: OptionNames<RecursiveOptions> = { recursive: true };

export interface RemoveOptions extends RecursiveOptions {
  /** Whether a missing file is not an error. @defaultValue false */
  readonly force?: boolean | undefined;
}

const REMOVE_OPTIONS: OptionNames<RemoveOptions> = { ...RECURSIVE_OPTIONS, force: true };

export interface MkdirOptions {
  /**
   * Whether missing parent folders are created, too. An existing folder is then not an error.
   *
   * @defaultValue false
   */
  readonly recursive?: boolean | undefined;
  /** @defaultValue the mode that the user's umask gives */
  readonly mode?: number | undefined;
}

const MKDIR_OPTIONS: OptionNames<MkdirOptions> = { recursive: true, mode: true };

/**
 * A file or folder of a machine, accessed as the user of the machine object. A relative path starts
 * in that user's home. A failed operation throws a VmrigError `FILE_FAILED` with the machine's
 * message.
 */
export interface MachineFile {
  readonly machine: string;
  readonly path: string;
  /** User that accesses the file. */
  readonly user: string;
  /** Reads the content as UTF-8. */
  text(): Promise<string>;
  /** Reads the content as JSON: `await file.json<Settings>()`. The type is not checked. */
  json<T = unknown>(): Promise<T>;
  bytes(): Promise<Uint8Array>;
  /**
   * Replaces the file atomically: readers see the old or the new content. An existing file keeps
   * its owner and mode. A symbolic link is followed. The folder must exist. A device, a FIFO, a
   * mount point and a file of the kernel, such as /proc/sys/…, are written in place.
   */
  write(data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /**
   * Appends to the file and creates it if it is missing. A failure during the transfer may leave
   * part of the data.
   */
  append(data: string | Uint8Array): Promise<void>;
  /** Returns whether anything has this name, also a folder or a dangling link. */
  exists(): Promise<boolean>;
  /** Reads the metadata. A symbolic link is followed unless `follow` is `false`. */
  stat(options?: StatOptions): Promise<FileStat>;
  /** Changes the mode, such as `0o640`. A symbolic link is followed. */
  chmod(mode: number, options?: RecursiveOptions): Promise<void>;
  /** Changes owner and group: `bob`, `bob:users`, `:users`, or ids. A symbolic link is followed. */
  chown(owner: string, options?: RecursiveOptions): Promise<void>;
  /** Removes a file, a symbolic link or an empty folder; with `recursive` any folder. */
  remove(options?: RemoveOptions): Promise<void>;
  /**
   * Creates a symbolic link with this name. `target` is written unchanged. The name must be free.
   */
  symlink(target: string): Promise<void>;
  /** Creates a folder. */
  mkdir(options?: MkdirOptions): Promise<void>;
  /** Lists the folder, including names with a leading dot, sorted by name. */
  entries(): Promise<readonly FileEntry[]>;
  /**
   * Reads the file until the predicate is true for its text, and resolves with that text. A missing
   * file and a reboot during the wait are tolerated.
   *
   * @throws VmrigError `WAIT_TIMEOUT` with the last observation
   */
  watchUntil(
    predicate: (text: string) => boolean | Promise<boolean>,
    options?: WaitOptions,
  ): Promise<string>;
}

export function createFile(context: ExecutionContext, path: string): MachineFile {
  const target = quotePath(path);
  const check = (name: string, options: unknown, known: Readonly<Record<string, true>>): void =>
    checkOptions(`${context.name}.file().${name}()`, options, known);
  const run = (doing: string, line: string, existing = true): Promise<void> =>
    attempt(context, { doing, path, existing }, line).then(() => {});
  const read = async (signal?: AbortSignal): Promise<Buffer> =>
    (
      await attempt(
        context,
        { doing: "read", path },
        `${refuseSocket(target)}; exec cat -- ${target}`,
        { signal },
      )
    ).stdout;
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
    async write(data, options = {}) {
      check("write", options, WRITE_OPTIONS);
      const { mode, atomic } = options;
      // The owner first: a change of the owner clears the setuid bits.
      const inherit = `{ [ ! -e "$target" ] || { chown --reference="$target" -- "$temp" && chmod --reference="$target" -- "$temp"; }; }`;
      const line = replacing(path, {
        bytes: Buffer.byteLength(data),
        secret: mode !== undefined,
        mode,
        atomic,
        inherit,
        finish: (file) => (mode === undefined ? ":" : `chmod ${octal(mode)} -- ${file}`),
        finishesSpecial: true,
      });
      const secret = mode !== undefined && (mode & 0o077) === 0;
      await attempt(context, { doing: "write", path, existing: false, secret }, line, {
        input: data,
      });
    },
    async append(data) {
      await attempt(
        context,
        { doing: "append to", path, existing: false },
        `${refuseSocket(target)}; cat >>${target}`,
        {
          input: data,
        },
      );
    },
    async exists() {
      const { stdout } = await attempt(
        context,
        { doing: "determine the existence of", path },
        `if [ -e ${target} ] || [ -L ${target} ]; then echo 1; else echo 0; fi`,
      );
      return stdout.toString("utf8") === "1\n";
    },
    async stat(options = {}) {
      check("stat", options, STAT_OPTIONS);
      const { stdout } = await attempt(
        context,
        { doing: "read the metadata of", path },
        statLine(target, options),
      );
      return parseStat(stdout.toString("utf8"));
    },
    async chmod(mode, options) {
      check("chmod", options, RECURSIVE_OPTIONS);
      await run("change the mode of", `exec chmod ${flags(options)}${octal(mode)} -- ${target}`);
    },
    async chown(owner, options) {
      check("chown", options, RECURSIVE_OPTIONS);
      await run("change the owner of", `exec chown ${flags(options)}-- ${quote(owner)} ${target}`);
    },
    async remove(options) {
      check("remove", options, REMOVE_OPTIONS);
      await run("remove", `exec rm -d ${flags(options)}-- ${target}`);
    },
    symlink: (leadsTo) =>
      run("make a symbolic link of", `exec ln -sT -- ${quote(leadsTo)} ${target}`, false),
    async mkdir(options = {}) {
      check("mkdir", options, MKDIR_OPTIONS);
      const { recursive = false, mode } = options;
      const made = `mkdir ${recursive ? "-p " : ""}${mode === undefined ? "" : `-m ${octal(mode)} `}`;
      await run("make the folder", `exec ${made}-- ${target}`, false);
    },
    entries: () => entries(context, path),
    async watchUntil(predicate, options = {}) {
      check("watchUntil", options, WAIT_OPTIONS);
      return watchUntil(context, path, text, predicate, options);
    },
  };
}

function flags({ recursive = false, force = false }: RemoveOptions = {}): string {
  return `${recursive ? "-R " : ""}${force ? "-f " : ""}`;
}
