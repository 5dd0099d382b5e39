import type { WriteStream } from "node:tty";

/**
 * The whole screen of a terminal, redrawn repeatedly as by `watch` and `top`. Disposing restores
 * the previous content.
 */
export interface Screen extends Disposable {
  draw(text: string): void;
}

// ECMA-48: CUP to the top left, EL to the end of the line, ED to the end of the screen. DEC's
// private modes: 1049 is the alternate screen, 25 the cursor, 7 the wrapping of a line into the
// next row, which would affect lines with double-width letters.
const BEGIN = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const END = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const [HOME, REST_OF_LINE, REST_OF_SCREEN] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** Opens the screen; redraws immediately when the terminal is resized. */
export function openScreen(terminal: WriteStream): Screen {
  let shown = "";
  const draw = (): void => {
    const lines = fit(shown, terminal).map((line) => `${line}${REST_OF_LINE}`);
    // Overwrites the old content: clearing the screen first makes it flicker.
    terminal.write(`${HOME}${lines.join("\n")}${REST_OF_SCREEN}`);
  };
  terminal.write(BEGIN);
  terminal.on("resize", draw);
  return {
    draw(text) {
      shown = text;
      draw();
    },
    [Symbol.dispose]() {
      terminal.off("resize", draw);
      terminal.write(END);
    },
  };
}

/**
 * Returns the lines of a text that fit on a terminal, with a note about hidden lines. Returns all
 * lines for a terminal without a known size.
 */
export function fit(
  text: string,
  { columns = 0, rows = 0 }: Partial<Pick<WriteStream, "columns" | "rows">>,
): string[] {
  const all = text.trimEnd().split("\n");
  const hidden = rows > 0 && all.length > rows ? all.length - rows + 1 : 0;
  const lines =
    hidden === 0
      ? all
      : [...all.slice(0, rows - 1), `… ${hidden} more lines: this terminal has ${rows} rows`];
  return columns > 0 ? lines.map((line) => line.slice(0, columns)) : lines;
}
