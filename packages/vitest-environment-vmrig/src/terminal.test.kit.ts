import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { expect, vi } from "vitest";

export const CTRL_C = "\u0003";

/** A program at a separate terminal. */
export interface Terminal extends AsyncDisposable {
  /** Returns everything shown so far, without control sequences. */
  output(): string;
  /** Waits until the text shown so far matches. */
  shows(words: RegExp): Promise<void>;
  /** Sends keys as a terminal sends them. */
  type(keys: string): void;
  /** The program's exit code; 128 plus the signal's number when a signal ended the program. */
  readonly ended: Promise<number>;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Opens a terminal with `script` of util-linux, because Node.js cannot create a terminal. */
export function openTerminal(words: readonly string[], { cwd, env }: TerminalOptions): Terminal {
  const line = `stty echo rows 24 cols 120; exec ${words.map((word) => `'${word}'`).join(" ")}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd,
    env: { ...process.env, TERM: "xterm-256color", ...env, SHELL: "/bin/sh" },
    detached: true,
  });
  const ended = once(child, "exit").then(([code]) => Number(code ?? Number.NaN));
  ended.catch(() => {}); // the caller that awaits it gets the error
  // A program may end before it has read all of its input.
  child.stdin.on("error", () => {});
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const output = (): string => stripVTControlCharacters(shown);
  return {
    output,
    shows: (words) =>
      vi.waitFor(() => expect(output()).toMatch(words), { timeout: 60_000, interval: 20 }),
    type: (keys) => void child.stdin.write(keys),
    ended,
    async [Symbol.asyncDispose]() {
      // The terminal closes with `script`, and the programs in it get SIGHUP.
      child.kill("SIGKILL");
      await ended;
    },
  };
}
