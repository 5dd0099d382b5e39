import type { Readable } from "node:stream";
import { readScreen, type Screen } from "./screen.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * A terminal without a picture: it understands what a program writes, and knows what would be seen.
 */
export interface Emulator {
  /** Shows what comes until it ends, or until {@link freeze}. Resolves at its end. */
  show(output: Readable): Promise<void>;
  /** From now on nothing changes any more, whatever comes. */
  freeze(): void;
  resize(size: Size): void;
  /** When all that has come is on the screen. */
  settled(): Promise<void>;
  /** As of the last {@link settled}, at least. */
  screen(): Screen;
  readonly modes: { readonly applicationCursor: boolean; readonly bracketedPaste: boolean };
}

/** So much may wait to be understood before the program must wait. */
const MAX_WAITING_BYTES = 1_048_576;

/**
 * `answer` gets what a terminal says by itself: where the cursor is (DSR), what kind it is (DA).
 */
export async function openEmulator(
  { columns, rows }: Size,
  answer: (text: string) => void,
): Promise<Emulator> {
  // Loaded late: most tests do without. It is a CommonJS module whose names Node.js does not see,
  // and whose types do not say so.
  const { default: xterm } = (await import("@xterm/headless")) as unknown as {
    readonly default: typeof import("@xterm/headless");
  };
  const terminal = new xterm.Terminal({
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
    // It takes one write after the other.
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
