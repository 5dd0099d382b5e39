import { once } from "node:events";
import { spawnAtTerminal, type TerminalSize } from "../driver/fake/spawn-at-terminal.ts";
import { waitFor } from "../wait/wait-for.ts";

/** A program in its own pseudo-terminal. */
export interface Terminal extends AsyncDisposable {
  /** Returns all output so far, with control sequences. */
  output(): string;
  /**
   * Waits until the output after `from` characters matches.
   *
   * @returns the length of the output by then
   */
  shows(words: RegExp, from?: number): Promise<number>;
  /** Sends keys as a terminal does: `CTRL_C`, `q`, `text\n`. */
  type(keys: string): void;
  resize(size: TerminalSize): Promise<void>;
  /** Closes the terminal like its window: programs in it get SIGHUP. */
  close(): void;
  /** The program's exit code; 128 plus the signal's number after a signal. */
  readonly ended: Promise<number>;
}

export interface TerminalOptions extends Partial<TerminalSize> {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Timeout of each wait. @defaultValue 20 s */
  readonly timeoutMs?: number;
}

export const CTRL_C = "\u0003";

export function openTerminal(words: readonly string[], options: TerminalOptions): Terminal {
  const { cwd, env, columns = 80, rows = 24, timeoutMs = 20_000 } = options;
  const terminal = spawnAtTerminal(words, {
    cwd,
    columns,
    rows,
    env: { ...process.env, TERM: "xterm-256color", ...env },
  });
  const { child, resize } = terminal;
  const ended = once(child, "exit").then(([code]) => Number(code ?? Number.NaN));
  ended.catch(() => {}); // a caller that awaits it still gets the rejection
  // A program may end before it has read everything.
  child.stdin.on("error", () => {});
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  return {
    output: () => printed,
    async shows(words, from = 0) {
      return waitFor({
        what: `the terminal to show ${words}`,
        timeoutMs,
        intervalMs: 20,
        probe: async () =>
          words.test(printed.slice(from))
            ? { value: printed.length }
            : { seen: JSON.stringify(printed.slice(from)) },
      });
    },
    type: (keys) => void child.stdin.write(keys),
    resize,
    close: () => void child.kill("SIGKILL"),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
