import { once } from "node:events";
import { spawnAtTerminal, type TerminalSize } from "../driver/fake/spawn-at-terminal.ts";
import { waitFor } from "../wait/wait-for.ts";

/** A program at a terminal of its own, as a person has it before them. */
export interface Terminal extends AsyncDisposable {
  /** All that was shown so far, control sequences and all. */
  output(): string;
  /**
   * Waits until what was shown since `from` characters matches.
   *
   * @returns how much was shown by then
   */
  shows(words: RegExp, from?: number): Promise<number>;
  /** Keys as a terminal sends them: `CTRL_C`, `q`, `text\n`. */
  type(keys: string): void;
  resize(size: TerminalSize): Promise<void>;
  /** As when its window is closed: whatever runs there gets SIGHUP. */
  close(): void;
  /** The program's exit code, 128 and the signal's number when one ended it. */
  readonly ended: Promise<number>;
}

export interface TerminalOptions extends Partial<TerminalSize> {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long what is waited for may take. @defaultValue 20 s */
  readonly patienceMs?: number;
}

export const CTRL_C = "\u0003";

export function openTerminal(words: readonly string[], options: TerminalOptions): Terminal {
  const { cwd, env, columns = 80, rows = 24, patienceMs = 20_000 } = options;
  const terminal = spawnAtTerminal(words, {
    cwd,
    columns,
    rows,
    env: { ...process.env, TERM: "xterm-256color", ...env },
  });
  const { child, resize } = terminal;
  const ended = once(child, "exit").then(([code]) => Number(code ?? Number.NaN));
  ended.catch(() => {}); // whoever waits for it is told
  // A program may end before it has read everything.
  child.stdin.on("error", () => {});
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  return {
    output: () => printed,
    async shows(words, from = 0) {
      return waitFor({
        what: `the terminal to show ${words}`,
        timeoutMs: patienceMs,
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
