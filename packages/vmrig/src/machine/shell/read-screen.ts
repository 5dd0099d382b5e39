import type { IBuffer } from "@xterm/headless";
import type { Screen } from "./screen.ts";

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
    // A wide character counts as two columns, as on the screen.
    const text = line?.translateToString(false, 0, columns) ?? "";
    if (line?.isWrapped === true && row > 0) joined.push(`${joined.pop() ?? ""}${text}`);
    else joined.push(text);
    wide.push(text);
  }
  const screen = {
    lines: wide.map(trimmed),
    text: joined.map(trimmed).join("\n").replace(/\n+$/, ""),
    // After a full row the cursor stays on the last column until the next character arrives.
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

/** Draws the frame. Empty rows at the end are replaced by a note. */
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
