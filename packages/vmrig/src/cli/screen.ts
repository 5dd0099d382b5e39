import type { WriteStream } from "node:tty";

/**
 * A terminal's whole screen, which is drawn again and again, as `watch` and `top` do. What stood
 * there before comes back at the end.
 */
export interface Screen extends Disposable {
  draw(text: string): void;
}

// ECMA-48: CUP to the top left, EL to the end of the line, ED to the end of the screen. DEC's
// private modes: 1049 is a screen of its own, 25 the cursor, 7 that a line goes on in the next row,
// which one with letters of double width would.
const BEGIN = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const END = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const [HOME, REST_OF_LINE, REST_OF_SCREEN] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** Draws at once when the terminal gets another size. */
export function openScreen(terminal: WriteStream): Screen {
  let shown = "";
  const draw = (): void => {
    const lines = fit(shown, terminal).map((line) => `${line}${REST_OF_LINE}`);
    // Over what is there: a screen that is emptied first flickers.
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
 * As much of a text as a terminal shows; says when that is not all. A terminal that does not know
 * its size shows everything.
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
