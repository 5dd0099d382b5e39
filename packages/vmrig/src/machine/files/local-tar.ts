import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { VmrigError } from "../../errors/vmrig-error.ts";

/**
 * The `tar` of this computer: GNU's or, on macOS and Windows, bsdtar. Options are those that both
 * know.
 */
interface Tar {
  readonly child: ChildProcess;
  /** @throws VmrigError `FILE_FAILED` with what it said, unless it exits with 0 */
  readonly done: Promise<void>;
}

/** macOS would add files of its own; messages that can be understood. */
const ENVIRONMENT = { COPYFILE_DISABLE: "1", LC_ALL: "C" };

function tar(
  doing: string,
  args: readonly string[],
  stdio: ["ignore" | "pipe", "ignore" | "pipe", "pipe"],
): Tar {
  const child = spawn("tar", args, { stdio, env: { ...process.env, ...ENVIRONMENT } });
  let said = "";
  child.stderr
    ?.setEncoding("utf8")
    .on("data", (text: string) => (said = (said + text).slice(0, 4096)));
  // Of whoever writes to it when it has ended: its exit code tells the story.
  child.stdin?.on("error", () => {});
  const done = once(child, "close").then(
    ([code]) => {
      if (code === 0) return;
      throw new VmrigError("FILE_FAILED", {
        message: `Cannot ${doing} on this computer.`,
        details: said.trim().split("\n").slice(0, 10),
      });
    },
    (cause: unknown) => {
      throw new VmrigError("FILE_FAILED", {
        message: `Cannot ${doing} on this computer: its \`tar\` does not start.`,
        hint: "folders are carried by the `tar` on PATH",
        cause,
      });
    },
  );
  done.catch(() => {});
  return { child, done };
}

/** Packs a folder: all names begin with that of the folder. Times have their fractions. */
export function pack(folder: string): {
  readonly output: Readable;
  readonly done: Promise<void>;
  kill(): void;
} {
  // Pieces of 32 KiB, as many as a packet holds; tar's own are of 10. `./` in front: no name is
  // then an option.
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
  // What nobody listens to when a child process ends, Node.js throws away; it may be early before
  // somebody reads.
  child.stdout?.on("readable", () => {});
  return { output: child.stdout as Readable, done, kill: () => void child.kill("SIGKILL") };
}

/** Unpacks into a folder. */
export function unpack(folder: string): {
  readonly input: Writable;
  readonly done: Promise<void>;
  kill(): void;
} {
  const args = ["-x", "-p", "-f", "-", "--no-same-owner", "-C", folder];
  const { child, done } = tar(`write to ${folder}`, args, ["pipe", "ignore", "pipe"]);
  return { input: child.stdin as Writable, done, kill: () => void child.kill("SIGKILL") };
}
