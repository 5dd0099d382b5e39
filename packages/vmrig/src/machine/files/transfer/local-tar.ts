import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { readTarMessages, type TarNotes } from "./tar-messages.ts";

/**
 * The `tar` program of this computer: GNU tar or, on macOS and Windows, bsdtar. Options that only
 * GNU tar has are used only with GNU tar.
 */
interface Tar {
  readonly child: ChildProcess;
  /**
   * Resolves when `tar` ends. Its notes may name files that were missing only if it read files.
   *
   * @throws VmrigError `FILE_FAILED` with the messages of `tar` if it failed
   */
  readonly done: Promise<TarNotes>;
}

/** Keeps macOS from adding its metadata files, and makes the messages English. */
const ENVIRONMENT = { COPYFILE_DISABLE: "1", LC_ALL: "C" };

/** Size of the retained messages: `tar` prints one for each file that is missing. */
const MAX_MESSAGES = 1024 * 1024;

function tar(
  doing: string,
  args: readonly string[],
  stdio: ["ignore" | "pipe", "ignore" | "pipe", "pipe"],
  mayMissFiles: boolean,
): Tar {
  const child = spawn("tar", args, { stdio, env: { ...process.env, ...ENVIRONMENT } });
  let messages = "";
  child.stderr
    ?.setEncoding("latin1")
    .on("data", (text: string) => (messages = (messages + text).slice(0, MAX_MESSAGES)));
  // Writing to an ended `tar` fails. The exit code of `tar` reports the cause.
  child.stdin?.on("error", () => {});
  const done = once(child, "close").then(
    ([code]) => {
      const notes = readTarMessages(messages);
      const known =
        mayMissFiles &&
        notes.others.length === 0 &&
        notes.missing.length + notes.changed.length > 0;
      if (code === 0 || (known && messages.length < MAX_MESSAGES)) return notes;
      throw new VmrigError("FILE_FAILED", {
        message: `Cannot ${doing} on this computer.`,
        details: Buffer.from(messages, "latin1").toString().trim().split("\n").slice(0, 10),
      });
    },
    (cause: unknown) => {
      throw new VmrigError("FILE_FAILED", {
        message: `Cannot ${doing} on this computer: \`tar\` could not be started.`,
        hint: "copying folders needs `tar` on PATH",
        cause,
      });
    },
  );
  done.catch(() => {});
  return { child, done };
}

let version: Promise<string> | undefined;

/** Returns the output of `tar --version`, or an empty text without `tar`. */
function tarVersion(): Promise<string> {
  version ??= new Promise((resolve) => {
    const child = spawn("tar", ["--version"], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    child.on("error", () => resolve("")).on("close", () => resolve(text));
  });
  return version;
}

/** Returns whether this computer has a `tar`. */
export async function hasTar(): Promise<boolean> {
  return (await tarVersion()) !== "";
}

export async function isGnu(): Promise<boolean> {
  return (await tarVersion()).includes("GNU tar");
}

/**
 * Extended attributes, which include capabilities. The machine has its own SELinux labels. bsdtar
 * only knows those of macOS.
 */
const ATTRIBUTES = ["--xattrs", "--xattrs-include=*", "--xattrs-exclude=security.selinux"];
/** GNU tar reads no holes with `--sparse`, bsdtar by default. */
const SPARSE = ["--sparse"];

export interface Packing {
  /** Adds an entry to the archive. */
  readonly add: (name: Buffer) => void;
  /** Completes the list of entries. */
  readonly end: () => void;
  readonly output: Readable;
  readonly done: Promise<TarNotes>;
  kill(): void;
}

/** Size of the list that is kept before `tar` gets it. */
const LIST_BYTES = 16 * 1024;

/**
 * Packs entries of a folder while they are added: all names in the archive begin with the folder's
 * name. Times keep their fractions.
 */
export async function pack(folder: string, { sparse = true } = {}): Promise<Packing> {
  // Blocks of 32 KiB, the maximum of a packet; the default of tar is 10 KiB.
  const args = [
    "-c",
    "-f",
    "-",
    "-b",
    "64",
    "--format=pax",
    ...((await isGnu()) ? [...(sparse ? SPARSE : []), ...ATTRIBUTES] : []),
    "-C",
    dirname(folder),
    "--no-recursion",
    "--null",
    "-T",
    "-",
  ];
  const { child, done } = tar(`read ${folder}`, args, ["pipe", "pipe", "pipe"], true);
  // `./` in front: no name is then read as an option.
  const first = Buffer.from(`./${basename(folder)}`);
  const [slash, end] = [Buffer.from("/"), Buffer.from([0])];
  let [list, bytes]: [Buffer[], number] = [[], 0];
  const flush = (): void => {
    child.stdin?.write(Buffer.concat(list));
    [list, bytes] = [[], 0];
  };
  const add = (name: Buffer): void => {
    if (name.length === 0) list.push(first, end);
    else list.push(first, slash, name, end);
    bytes += first.length + name.length + 2;
    if (bytes > LIST_BYTES) flush();
  };
  // When a child process ends, Node.js discards output without a listener. `tar` may end before the
  // reader subscribes.
  child.stdout?.on("readable", () => {});
  return {
    add,
    end() {
      flush();
      child.stdin?.end();
    },
    output: child.stdout as Readable,
    done,
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Unpacks an archive into a folder. */
export async function unpack(folder: string): Promise<{
  readonly input: Writable;
  readonly done: Promise<TarNotes>;
  kill(): void;
}> {
  const attributes = (await isGnu()) ? ATTRIBUTES : [];
  const args = ["-x", "-p", "-f", "-", "--no-same-owner", ...attributes, "-C", folder];
  const { child, done } = tar(`write to ${folder}`, args, ["pipe", "ignore", "pipe"], false);
  return { input: child.stdin as Writable, done, kill: () => void child.kill("SIGKILL") };
}

/**
 * Returns whether a file has extended attributes, as far as the `tar` of this computer can see
 * them: Node.js cannot read them. Only the beginning of the file is read.
 */
export async function hasAttributes(file: string): Promise<boolean> {
  if (!(await isGnu())) return false;
  const archive = await pack(file);
  archive.add(Buffer.alloc(0));
  archive.end();
  try {
    // The attributes come first, in pax records.
    for await (const chunk of archive.output as AsyncIterable<Buffer>)
      return chunk.subarray(0, 4096).includes(" SCHILY.xattr.");
    return false;
  } finally {
    archive.kill();
  }
}
