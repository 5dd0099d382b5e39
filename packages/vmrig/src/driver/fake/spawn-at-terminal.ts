import { execFile, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";
import { quote } from "../../ssh/quote.ts";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface AtTerminalOptions extends TerminalSize {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * A program in a separate terminal: keys are written to the standard input, and the screen output
 * is read from the standard output.
 */
export interface AtTerminal {
  /**
   * Ends with the program's exit code. Killing the child closes the terminal, and its programs
   * receive SIGHUP.
   */
  readonly child: ChildProcessWithoutNullStreams;
  resize(size: TerminalSize): Promise<void>;
  /**
   * Signals the process group of the program, as sshd does. `script` would pass a signal on to the
   * program alone, and most signals not at all.
   */
  signal(name: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a program in a terminal with `script` of util-linux, which nearly every Linux has. Node.js
 * itself cannot create a terminal.
 */
export function spawnAtTerminal(
  words: readonly string[],
  { columns, rows, cwd, env }: AtTerminalOptions,
): AtTerminal {
  const shell = env["SHELL"] ?? "/bin/sh";
  // `script` disables the echo when its input is not a terminal.
  const line = `stty echo rows ${rows} cols ${columns}; SHELL=${quote(shell)}; exec ${words.map(quote).join(" ")}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd,
    env: { ...env, SHELL: "/bin/sh" },
    detached: true,
  });
  const program = async (): Promise<number> =>
    Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));
  return {
    child,
    async signal(name) {
      const leader = await program();
      if (leader > 0) process.kill(-leader, name);
    },
    async resize({ columns, rows }) {
      const device = await readlink(`/proc/${await program()}/fd/0`);
      await promisify(execFile)("stty", [
        "-F",
        device,
        "rows",
        String(rows),
        "cols",
        String(columns),
      ]);
    },
  };
}
