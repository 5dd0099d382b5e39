import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { SshConnection } from "../ssh/connection.ts";
import type { ExecOptions, ExecResult } from "../ssh/exec.ts";

/** Login shells of machines, where this computer has them. */
export const SHELLS: readonly string[] = ["/bin/sh", "/bin/bash"].filter((shell) =>
  existsSync(shell),
);

export interface ShellRun extends Pick<ExecOptions, "input" | "signal"> {
  readonly cwd: string;
  /**
   * Value of PATH.
   *
   * @defaultValue the PATH of the tests
   */
  readonly path?: string;
}

/** Runs a command of this computer as a machine's sshd would. */
export async function runShell(
  argv: readonly [string, ...string[]],
  { cwd, path, input, signal: stop }: ShellRun,
): Promise<ExecResult> {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...(path !== undefined && { PATH: path }) },
  });
  const kill = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  stop?.addEventListener("abort", kill, { once: true });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, by) => resolve([code, by]));
    },
  );
  stop?.removeEventListener("abort", kill);
  return {
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr),
    ...(exitCode === null ? {} : { exitCode }),
    ...(signal === null ? {} : { signal }),
    ended: stop?.aborted === true ? "aborted" : "exited",
    lingered: false,
    durationMs: 0,
  };
}

/**
 * Connects to a folder of this computer as to a machine. `rewrite` maps a machine's paths into the
 * folder. Records its commands.
 */
export function connectShell(
  shell: string,
  cwd: string,
  rewrite = (command: string): string => command,
): Pick<SshConnection, "exec" | "closed" | "close" | "hangUp"> &
  AsyncDisposable & { readonly asked: string[] } {
  const asked: string[] = [];
  const closed = new AbortController();
  const hangUp = (): void => closed.abort();
  return {
    asked,
    closed: closed.signal,
    async exec(command, options = {}) {
      options.signal?.throwIfAborted();
      asked.push(command);
      return runShell([shell, "-c", rewrite(command)], { cwd, ...options });
    },
    hangUp,
    close: async () => hangUp(),
    [Symbol.asyncDispose]: async () => hangUp(),
  };
}
