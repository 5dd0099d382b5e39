import type { Readable } from "node:stream";
import { loadWithRealTime } from "../../clock/load-with-real-time.ts";
import type { Screen } from "./screen.ts";
import { readScreen } from "./read-screen.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A headless terminal: it interprets the output of a program and knows the visible screen. */
export interface Emulator {
  /** Displays the output until it ends, or until {@link freeze}. Resolves at its end. */
  show(output: Readable): Promise<void>;
  /** Stops all changes of the screen, regardless of further output. */
  freeze(): void;
  resize(size: Size): void;
  /** Resolves when all received output is on the screen. */
  settled(): Promise<void>;
  /** Returns the screen, at least as of the last {@link settled}. */
  screen(): Screen;
  readonly modes: { readonly applicationCursor: boolean; readonly bracketedPaste: boolean };
}

/** Maximum size of unprocessed output. Beyond it, the program has to wait. */
const MAX_WAITING_BYTES = 1_048_576;

/**
 * Opens a terminal. `answer` receives the terminal's own replies: the cursor position (DSR) and the
 * terminal type (DA).
 */
export function openEmulator({ columns, rows }: Size, answer: (text: string) => void): Emulator {
  // Loaded on demand: most tests do not need it.
  const { Terminal } = loadWithRealTime("@xterm/headless") as typeof import("@xterm/headless");
  const terminal = new Terminal({
    cols: columns,
    rows,
    scrollback: 0,
    allowProposedApi: true,
    logLevel: "off",
  });
  let title = "";
  let frozen = false;
  terminal.onTitleChange((text) => void (title = text));
  terminal.onData((text) => {
    if (!frozen) answer(text);
  });
  return {
    show(output) {
      let waiting = 0;
      output.on("data", (chunk: Buffer) => {
        if (frozen) return;
        waiting += chunk.length;
        if (waiting > MAX_WAITING_BYTES) output.pause();
        terminal.write(chunk, () => {
          waiting -= chunk.length;
          if (output.isPaused()) output.resume();
        });
      });
      return new Promise((resolve) => output.once("close", resolve));
    },
    freeze: () => void (frozen = true),
    resize({ columns: wider, rows: higher }) {
      terminal.resize(wider, higher);
    },
    // The terminal processes writes in order.
    settled: () => new Promise((resolve) => terminal.write("", resolve)),
    screen: () =>
      readScreen({
        buffer: terminal.buffer.active,
        columns: terminal.cols,
        rows: terminal.rows,
        title,
      }),
    get modes() {
      const { applicationCursorKeysMode: applicationCursor, bracketedPasteMode: bracketedPaste } =
        terminal.modes;
      return { applicationCursor, bracketedPaste };
    },
  };
}
