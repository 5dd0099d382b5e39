import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { VmrigError } from "../../../errors/vmrig-error.ts";

/**
 * The `tar` program of this computer: GNU tar or, on macOS and Windows, bsdtar. Only options that
 * both support are used.
 */
interface Tar {
  readonly child: ChildProcess;
  /**
   * Resolves when `tar` exits with 0.
   *
   * @throws VmrigError `FILE_FAILED` with the messages of `tar` otherwise
   */
  readonly done: Promise<void>;
}

/** Keeps macOS from adding its metadata files, and makes the messages English. */
const ENVIRONMENT = { COPYFILE_DISABLE: "1", LC_ALL: "C" };

function tar(
  doing: string,
  args: readonly string[],
  stdio: ["ignore" | "pipe", "ignore" | "pipe", "pipe"],
): Tar {
  const child = spawn("tar", args, { stdio, env: { ...process.env, ...ENVIRONMENT } });
  let messages = "";
  child.stderr
    ?.setEncoding("utf8")
    .on("data", (text: string) => (messages = (messages + text).slice(0, 4096)));
  // Writing to an ended `tar` fails. The exit code of `tar` reports the cause.
  child.stdin?.on("error", () => {});
  const done = once(child, "close").then(
    ([code]) => {
      if (code === 0) return;
      throw new VmrigError("FILE_FAILED", {
        message: `Cannot ${doing} on this computer.`,
        details: messages.trim().split("\n").slice(0, 10),
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

/**
 * Packs a folder: all names in the archive begin with the folder's name. Times keep their
 * fractions.
 */
export function pack(folder: string): {
  readonly output: Readable;
  readonly done: Promise<void>;
  kill(): void;
} {
  // Blocks of 32 KiB, the maximum of a packet; the default of tar is 10 KiB. `./` in front: no name
  // is then read as an option.
  const args = [
    "-c",
    "-f",
    "-",
    "-b",
    "64",
    "--format=pax",
    "-C",
    dirname(folder),
    `./${basename(folder)}`,
  ];
  const { child, done } = tar(`read ${folder}`, args, ["ignore", "pipe", "pipe"]);
  // When a child process ends, Node.js discards output without a listener. `tar` may end before the
  // reader subscribes.
  child.stdout?.on("readable", () => {});
  return { output: child.stdout as Readable, done, kill: () => void child.kill("SIGKILL") };
}

/** Unpacks an archive into a folder. */
export function unpack(folder: string): {
  readonly input: Writable;
  readonly done: Promise<void>;
  kill(): void;
} {
  const args = ["-x", "-p", "-f", "-", "--no-same-owner", "-C", folder];
  const { child, done } = tar(`write to ${folder}`, args, ["pipe", "ignore", "pipe"]);
  return { input: child.stdin as Writable, done, kill: () => void child.kill("SIGKILL") };
}
