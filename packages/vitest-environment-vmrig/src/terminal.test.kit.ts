import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { expect, vi } from "vitest";

export const CTRL_C = "\u0003";

/** A program at a terminal of its own, as a person has it before them. */
export interface Terminal extends AsyncDisposable {
  /** All that was shown so far, without colours and the like. */
  output(): string;
  /** Waits until what was shown so far matches. */
  shows(words: RegExp): Promise<void>;
  /** Keys as a terminal sends them. */
  type(keys: string): void;
  /** The program's exit code, 128 and the signal's number when one ended it. */
  readonly ended: Promise<number>;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** By `script` of util-linux: Node.js itself cannot make a terminal. */
export function openTerminal(words: readonly string[], { cwd, env }: TerminalOptions): Terminal {
  const line = `stty echo rows 24 cols 120; exec ${words.map((word) => `'${word}'`).join(" ")}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd,
    env: { ...process.env, TERM: "xterm-256color", ...env, SHELL: "/bin/sh" },
    detached: true,
  });
  const ended = once(child, "exit").then(([code]) => Number(code ?? Number.NaN));
  ended.catch(() => {}); // whoever waits for it is told
  // A program may end before it has read everything.
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
      // The terminal is gone with it, and what runs there gets SIGHUP.
      child.kill("SIGKILL");
      await ended;
    },
  };
}
