import type { IBuffer } from "@xterm/headless";

/** What a terminal shows at one moment. Plain data. */
export interface Screen {
  /** Every row from the top, without the blanks at its end. */
  readonly lines: readonly string[];
  /**
   * The same as one text: what was too long for a row and went on in the next is one line again.
   * Without the empty lines at the end.
   */
  readonly text: string;
  /** Where the next character would appear. Both count from 0: `lines[cursor.row]`. */
  readonly cursor: { readonly row: number; readonly column: number };
  /** What the program wrote into the title of its window. */
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /**
   * The program uses the alternate screen, as full-screen programs do; what was there before comes
   * back when it ends.
   */
  readonly alternate: boolean;
  /** All of it in a frame, for people. */
  readonly framed: string;
}

export interface ScreenSource {
  readonly buffer: IBuffer;
  readonly columns: number;
  readonly rows: number;
  readonly title: string;
}

export function readScreen({ buffer, columns, rows, title }: ScreenSource): Screen {
  const wide: string[] = [];
  const joined: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const line = buffer.getLine(buffer.baseY + row);
    // A wide character counts twice, as it does where it is shown.
    const text = line?.translateToString(false, 0, columns) ?? "";
    if (line?.isWrapped === true && row > 0) joined.push(`${joined.pop() ?? ""}${text}`);
    else joined.push(text);
    wide.push(text);
  }
  const screen = {
    lines: wide.map(trimmed),
    text: joined.map(trimmed).join("\n").replace(/\n+$/, ""),
    // Behind a full row it stands on the last column, until the next character comes.
    cursor: { row: buffer.cursorY, column: Math.min(buffer.cursorX, columns - 1) },
    title,
    columns,
    rows,
    alternate: buffer.type === "alternate",
  };
  return { ...screen, framed: frame(screen, wide) };
}

function trimmed(line: string): string {
  return line.replace(/ +$/, "");
}

/** Empty rows at the end are left out, and said. */
function frame(
  { lines, cursor, title, columns, rows }: Omit<Screen, "framed">,
  wide: readonly string[],
): string {
  const last = Math.max(
    cursor.row,
    lines.findLastIndex((line) => line !== ""),
  );
  const size = ` ${columns}×${rows}, cursor in row ${cursor.row}, column ${cursor.column} `;
  return [
    `┌${edge(title === "" ? "" : ` ${title} `, columns)}┐`,
    ...wide.slice(0, last + 1).map((line) => `│${line}│`),
    `└${edge(size, columns)}┘`,
  ].join("\n");
}

function edge(label: string, columns: number): string {
  return label.length > columns - 1 ? "─".repeat(columns) : `─${label}`.padEnd(columns, "─");
}
